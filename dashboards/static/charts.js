"use strict";
// Draws the figures that the page carries as JSON, in the colours of the reader's theme.
// An empty topology keeps Plotly from asking a foreign host for outlines: ours come from /static/world.json.
const nothing = { type: "GeometryCollection", geometries: [] };
const layers = ["coastlines", "land", "ocean", "lakes", "rivers", "countries", "subunits"];
window.PlotlyGeoAssets = {
  topojson: { world_110m: { type: "Topology", arcs: [], objects: Object.fromEntries(layers.map((name) => [name, nothing])) } },
};

const read = (id) => JSON.parse(document.getElementById(id).textContent);

function themed(value, colours) {
  if (typeof value === "string") return colours[value] || value;
  if (Array.isArray(value)) return value.map((item) => themed(item, colours));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, themed(item, colours)]));
  }
  return value;
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(Object.entries(read("palette")).map(([colour, name]) => [colour, style.getPropertyValue(name).trim()]));
}

function follow(box) {
  if (!box.dataset.link || box.dataset.bound) return;
  box.dataset.bound = "1";
  box.on("plotly_click", (event) => {
    const code = event.points[0] && event.points[0].customdata;
    if (typeof code !== "string") return;
    const address = new URL(box.dataset.link, location.href);
    address.searchParams.set("country", code);
    location.assign(address);
  });
}

async function draw() {
  const palette = colours();
  const options = { displayModeBar: false, responsive: true, scrollZoom: false };
  for (const box of document.querySelectorAll("[data-figure]")) {
    const figure = themed(read("figure-" + box.dataset.figure), palette);
    await Plotly.react(box, figure.data, figure.layout, options);
    follow(box);
    box.dataset.drawn = "1";
  }
}

document.addEventListener("DOMContentLoaded", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
