"use strict";
// Without this script every page works; with it, forms leave no empty parameters in the address.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "get") return;
  for (const field of form.elements) if (field.name && field.value === "") field.disabled = true;
});
const current = document.querySelector(".top [aria-current]");
if (current) current.scrollIntoView({ block: "nearest", inline: "center" });
window.addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("form[method=get] [disabled]")) field.disabled = false;
});
