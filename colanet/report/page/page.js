(async () => {
  const content = JSON.parse(document.getElementById("content").textContent);
  const mosaicOf = (element) => content.mosaics[element.dataset.mosaic];

  const { attach } = colanet.fields(document.getElementById("card"), mosaicOf);
  for (const element of document.querySelectorAll(".mosaic")) {
    const mosaic = mosaicOf(element);
    colanet.wear(element, mosaic, mosaic.stages.at(-1).picture);
    element.querySelector("select")?.addEventListener("change", (event) =>
      colanet.wear(element, mosaic, mosaic.stages[event.target.value].picture));
    attach(element);
  }

  const packed = Uint8Array.from(atob(document.getElementById("plotly").textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  document.head.append(colanet.make("script", { textContent: await new Response(stream).text() }));

  const draw = (element) => colanet.draw(element, content.figures[element.dataset.figure]);
  const seen = new Set();
  const watching = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting && !seen.has(target)) { seen.add(target); draw(target); }
    }
  }, { rootMargin: "400px" });
  document.querySelectorAll(".plot").forEach((element) => watching.observe(element));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => seen.forEach(draw));
  document.documentElement.dataset.ready = "yes";
})();
