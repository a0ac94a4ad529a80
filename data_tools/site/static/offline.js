// From a folder (file://) a page may not read another one: search then shows titles without excerpts.
document.addEventListener("DOMContentLoaded", () => {
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}, { capture: true });
