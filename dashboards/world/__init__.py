"""The world as the map needs it: names, coordinates and outlines of countries, by ISO 3166-1 alpha-2 code."""
