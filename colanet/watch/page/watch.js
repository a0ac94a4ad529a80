(() => {
  const $ = (name) => document.getElementById(name);
  const AGAIN = 1000, AFTER = 5000;
  let mark = "", known = "", token = null, ended = false, mosaic = null, layout = "";

  // ------------------------------------------------------------------ what is shown

  const { attach, again } = colanet.fields($("card"), () => mosaic);
  attach($("fields"));
  const showFields = (fields) => {
    if (fields.layout !== layout) {
      layout = fields.layout;
      $("fields").innerHTML = layout;
    }
    mosaic = fields.mosaic;
    colanet.wear($("fields"), mosaic, mosaic.stages[0].picture);
    const unused = new Set(fields.unused.map(String));
    for (const tile of $("fields").querySelectorAll(".tile")) {
      tile.classList.toggle("unused", unused.has(tile.dataset.neuron));
    }
    again();
  };

  const drawn = new Map();
  const showFigures = (figures) => {
    for (const { name, caption, figure, height } of figures) {
      if (!drawn.has(name)) {
        const plot = colanet.make("div", { className: "plot" });
        plot.style.height = `${height}px`;
        const text = colanet.make("figcaption");
        $("charts").append(colanet.make("figure", { className: "chart", id: `chart-${name}` }, text, plot));
        drawn.set(name, { plot, text, figure: null, told: "" });
      }
      const one = drawn.get(name), told = JSON.stringify(figure);
      one.text.textContent = caption;
      if (one.told === told) continue;
      Object.assign(one, { figure, told });
      one.plot.style.height = `${height}px`;
      colanet.draw(one.plot, figure);
    }
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
    drawn.forEach(({ plot, figure }) => colanet.draw(plot, figure)));

  const status = (text, kind) => {
    if ($("status").textContent !== text) $("status").textContent = text;
    $("status").className = kind;
  };
  const show = (state) => {
    for (const name of ["about", "phase", "text", "note"]) if (state[name]) $(name).textContent = state[name];
    if (!state.text) $("text").textContent = "";
    $("progress").max = Math.max(state.total, 1);
    $("progress").value = state.done;
    $("cards").replaceChildren(...state.cards.map(([name, value]) => colanet.make("div", {},
      colanet.make("dt", { textContent: name }), colanet.make("dd", { textContent: value }))));
    showFigures(state.figures);
    if (state.fields) showFields(state.fields);
    $("messages").replaceChildren(...state.messages.map((text) => colanet.make("li", { textContent: text })));
    $("said").hidden = !state.messages.length;
    status(state.end || "live", state.end ? "ended" : "live");
    document.documentElement.dataset.number = state.number;
  };

  // -------------------------------------------------------------------- what is asked

  const pause = (time) => new Promise((done) => setTimeout(done, time));
  const visible = () => new Promise((done) => {
    if (!document.hidden) return done();
    document.addEventListener("visibilitychange", () => done(), { once: true });
  });
  const ask = async () => {
    let state;
    try {
      const answer = await fetch(`state.json?since=${mark}&fields=${known}`, { signal: AbortSignal.timeout(20000) });
      if (!answer.ok) throw new Error(answer.statusText);
      state = await answer.json();
    } catch {
      if (!ended) status("not reachable, trying again", "lost");
      return ended ? AFTER : AGAIN;
    }
    if (token !== null && state.token !== token) {
      location.reload();
      return AFTER;
    }
    ({ mark, token, number: known } = state);
    ended = Boolean(state.end);
    show(state);
    return ended ? AFTER : 0;
  };
  (async () => {
    for (;;) {
      await visible();
      await pause(await ask());
    }
  })();
})();
