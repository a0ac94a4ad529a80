"use strict";
// What the pages of colanet share: receptive fields whose neurons answer, and charts in the colours of the style.
const colanet = (() => {
  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };

  // ------------------------------------------------------------------ receptive fields

  const wear = (element, mosaic, picture) => {
    element.style.setProperty("--picture", `url("${picture}")`);
    element.style.setProperty("--size", `${100 * mosaic.across}% ${100 * mosaic.down}%`);
    element.style.setProperty("--ratio", `${mosaic.shape[1]} / ${mosaic.shape[0]}`);
  };
  const place = (mosaic, number) => {
    const x = number % mosaic.across, y = Math.floor(number / mosaic.across);
    return `${100 * x / Math.max(mosaic.across - 1, 1)}% ${100 * y / Math.max(mosaic.down - 1, 1)}%`;
  };

  // Tiles in elements of the class mosaic: what is known of a neuron stands on the card while it is pointed at, or kept.
  const fields = (card, mosaicOf) => {
    let kept = null, shown = null;

    const show = (tile) => {
      shown = tile;
      const mosaic = mosaicOf(tile.closest(".mosaic")), number = tile.dataset.neuron;
      const stages = make("div", { className: "stages" });
      for (const stage of mosaic.stages) {
        const field = make("div", { className: "field", title: stage.name });
        wear(field, mosaic, stage.picture);
        field.style.backgroundPosition = tile.style.backgroundPosition;
        stages.append(make("div", {}, field, stage.name));
      }
      const close = make("button", { type: "button", textContent: "×", ariaLabel: "close" });
      close.addEventListener("click", () => { keep(null); hide(); });
      const facts = make("dl");
      for (const [name, value] of mosaic.neurons[number] ?? []) {
        facts.append(make("div", {}, make("dt", { textContent: name }), make("dd", { textContent: value })));
      }
      const best = make("div", { className: "best" });
      for (const [image, text] of mosaic.best[number] ?? []) {
        const picture = make("div", { className: "image" });
        wear(picture, mosaic.images, mosaic.images.stages[0].picture);
        picture.style.backgroundPosition = place(mosaic.images, image);
        best.append(make("figure", {}, picture, text));
      }
      card.replaceChildren(close, make("h4", { textContent: `neuron ${number}` }), stages, facts);
      if (best.childElementCount) card.append("best images (class: spikes)", best);
      card.hidden = false;
    };
    const hide = () => { if (kept) show(kept); else card.hidden = true; };
    const keep = (tile) => {
      kept?.classList.remove("kept");
      kept = tile;
      kept?.classList.add("kept");
    };
    const attach = (element) => {
      element.addEventListener("pointerover", (event) => {
        if (event.pointerType === "mouse" && event.target.matches(".tile")) show(event.target);
      });
      element.addEventListener("pointerout", (event) => { if (event.pointerType === "mouse") hide(); });
      element.addEventListener("focusin", (event) => { if (event.target.matches(".tile:focus-visible")) show(event.target); });
      element.addEventListener("click", (event) => {
        if (!event.target.matches(".tile")) return;
        keep(kept === event.target ? null : event.target);
        if (kept) show(kept); else hide();
      });
    };
    addEventListener("keydown", (event) => { if (event.key === "Escape") { keep(null); hide(); } });
    const again = () => { if (!card.hidden && shown.isConnected) show(shown); };
    return { attach, again };
  };

  // ---------------------------------------------------------------------------- charts

  const coloured = (value, style) => {
    if (typeof value === "string") {
      return value.startsWith("var(") ? style.getPropertyValue(value.slice(4, -1)).trim() : value;
    }
    if (Array.isArray(value)) return value.map((one) => coloured(one, style));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, coloured(one, style)]));
  };
  const common = (layout) => {
    const look = { gridcolor: "var(--line)", linecolor: "var(--line)", tickcolor: "var(--line)" };
    const full = {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 50, r: 12, t: 12, b: 44 },
      font: { color: "var(--ink)", size: 12, family: "system-ui, DejaVu Sans, sans-serif" },
      colorway: [0, 1, 2, 3, 4, 5].map((i) => `var(--c${i})`),
      hoverlabel: { bgcolor: "var(--panel)", bordercolor: "var(--line)", font: { color: "var(--ink)" } },
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 }, ...layout,
    };
    for (const name of Object.keys(full)) {
      if (/^[xy]axis\d*$/.test(name)) full[name] = { ...look, ...full[name] };
    }
    return full;
  };
  const draw = (element, figure) => {
    const style = getComputedStyle(document.documentElement);
    return Plotly.react(element, coloured(figure.data, style), coloured(common(figure.layout), style),
      { responsive: true, displayModeBar: false });
  };

  return { make, wear, fields, draw };
})();
