// The page: what is selected, and the parts that show it.

function element(tag, kind, text) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  if (text !== undefined) made.textContent = text;
  return made;
}

const byId = id => document.getElementById(id);

function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const power = Math.min(4, Math.floor(Math.log10(bytes) / 3)), value = bytes / 1000 ** power;
  return `${value < 100 ? Number(value.toPrecision(3)) : Math.round(value).toLocaleString("en")} ${["B", "kB", "MB", "GB", "TB"][power]}`;
}

const tree = new Tree(DATA.tree);
const state = { mode: "final", layer: DOC.layers.length - 1, colour: "layer", query: "", root: 0 };
const MODES = { final: "Final image", upto: "Up to layer", only: "Only layer", dead: "Dead bytes" };

// --- colours
const isDark = () => (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
const tone = (hue, chroma) => (isDark() ? `oklch(0.55 ${chroma} ${hue})` : `oklch(0.79 ${chroma} ${hue})`);
const hue = index => (40 + index * 137.5) % 360;

function layerColour(layer) {
  const yours = DOC.layers[layer].origin !== "base";
  return yours ? tone(hue(layer - DOC.base.layers), 0.11) : tone(240 + layer * 14, 0.035);
}

const KINDS = [
  ["code", 255, /\.(py|js|mjs|cjs|ts|rb|php|pl|pm|sh|java|go|rs|lua|tcl)$/], ["bytecode", 300, /\.(pyc|class|jar|war|elc)$/],
  ["libraries", 150, /\.(so(\.[\d.]+)?|node|dll|a|o|la)$/], ["headers", 110, /\.(h|hpp|hh|hxx)$/],
  ["data", 75, /\.(json|xml|ya?ml|csv|db|sqlite|dat|bin|gz|xz|bz2|zip|tar|tgz|map)$/],
  ["text", 200, /\.(md|txt|html?|rst|css|\d)$|^(LICEN[CS]E|README|COPYING|copyright|changelog)/i], ["translations", 340, /\.(mo|po)$/],
];
const kindOf = file => KINDS.findIndex(([, , test]) => test.test(tree.names[file]));
const COLOURS = {
  layer: { of: file => layerColour(tree.layers[file]), legend: () => DOC.layers.filter(l => l.on_disk).map(l => [layerColour(l.index), `${l.index} ${l.text}`]) },
  origin: {
    of: file => (DOC.layers[tree.layers[file]].origin === "yours" ? tone(45, 0.13) : tone(240, 0.04)),
    legend: () => [[tone(45, 0.13), "yours"], [tone(240, 0.04), DOC.base.layers ? "base" : "base not known"]],
  },
  waste: {
    of: file => (tree.wastes[file] < 0 ? tone(240, 0.012) : tone(hue(tree.wastes[file]), 0.13)),
    legend: () => tree.wasteIds.map((id, i) => [tone(hue(i), 0.13), wasteTitle(id)]),
  },
  type: {
    of: file => { const kind = kindOf(file); return kind < 0 ? tone(240, 0.015) : tone(KINDS[kind][1], 0.1); },
    legend: () => KINDS.map(([name, h]) => [tone(h, 0.1), name]),
  },
};
const wasteTitle = id => (DOC.waste.find(w => w.id === id) || { title: id }).title;

// Canvas needs colours that are computed: a custom property alone is not.
function themeColours() {
  const probe = byId("live"), found = {};
  for (const name of ["text", "dim", "accent", "folder", "folder2", "onBox"]) {
    probe.style.color = `var(--${name})`;
    found[name] = getComputedStyle(probe).color;
  }
  return found;
}

// --- what is shown
let matches = () => true;
const map = new Treemap(byId("map"), tree, {
  colourOf: file => COLOURS[state.colour].of(file), matches: file => matches(file), onOpen: openFolder, onSelect: select, onHover: hover,
});
let files;

function inView() {
  const { mode, layer } = state, { layers, until } = tree;
  if (mode === "final") return file => until[file] === NEVER;
  if (mode === "dead") return file => until[file] !== NEVER;
  if (mode === "only") return file => layers[file] === layer;
  return file => layers[file] <= layer && (until[file] === NEVER || until[file] > layer);
}

function refresh() {
  const search = searchTest(tree, state.query);
  matches = search || (() => true);
  tree.show(inView());
  while (state.root && !tree.counts[state.root]) state.root = tree.parents[state.root];
  map.open(state.root);
  if (files) files.refresh(Boolean(search));
  for (const button of byId("modes").children) {
    const on = button.dataset.mode === state.mode;
    button.setAttribute("aria-checked", on);
    button.tabIndex = on ? 0 : -1;
  }
  const sliding = state.mode === "upto" || state.mode === "only";
  byId("slider").disabled = !sliding;
  byId("slider").value = state.layer;
  byId("slider-label").textContent = sliding ? `layer ${state.layer}` : "layer";
  [...byId("layer-list").children].forEach((row, index) => row.firstChild.setAttribute("aria-pressed", sliding && index === state.layer));
  byId("legend").replaceChildren(...COLOURS[state.colour].legend().slice(0, 14).map(([colour, text]) => {
    const item = element("span"), swatch = element("i", "swatch");
    swatch.style.background = colour;
    item.append(swatch, text.length > 34 ? text.slice(0, 33) + "…" : text);
    return item;
  }));
  byId("colour").value = state.colour;
  for (const mark of document.querySelectorAll("[data-layer]")) mark.style.background = layerColour(Number(mark.dataset.layer));
  crumbs();
  say(`${MODES[state.mode]}${sliding ? " " + state.layer : ""}: ${tree.counts[0]} files, ${size(tree.bytes[0])}`);
}

function set(changes) {
  Object.assign(state, changes);
  refresh();
}

function crumbs() {
  const path = [];
  for (let f = state.root; f > 0; f = tree.parents[f]) path.unshift(f);
  const links = [0, ...path].map(folder => {
    const link = element("button", "crumb", folder ? tree.folderNames[folder] : "/");
    link.addEventListener("click", () => openFolder(folder));
    return link;
  });
  byId("crumbs").replaceChildren(...links, element("span", "dim", `${size(tree.bytes[state.root])} in ${tree.counts[state.root].toLocaleString("en")} files`));
}

function openFolder(folder) {
  state.root = folder;
  map.open(folder);
  crumbs();
  say(folder ? "/" + tree.folderPath(folder) : "root");
}

const say = text => { byId("live").textContent = text; };

function hover(node, event, box) {
  const tip = byId("tip");
  tip.hidden = node === null;
  if (node === null) return;
  const path = "/" + (node < 0 ? tree.folderPath(~node) : tree.path(node));
  const more = node < 0 ? `${tree.counts[~node].toLocaleString("en")} files` : `layer ${tree.layers[node]} · ${DOC.layers[tree.layers[node]].text.slice(0, 90)}`;
  tip.replaceChildren(element("b", "", path), element("span", "", `${size(tree.size(node))} · ${more}`));
  const x = event ? event.offsetX : box.x + 8, y = event ? event.offsetY : box.y + 8;
  tip.style.left = Math.min(x + 14, Math.max(0, map.width - tip.offsetWidth - 4)) + "px";
  tip.style.top = Math.min(y + 14, Math.max(0, map.height - tip.offsetHeight - 4)) + "px";
  if (!event) say(`${path}, ${size(tree.size(node))}, ${more}`);
}

// --- one file: what it is and who brought it
function select(file) {
  map.selected = file;
  map.paint();
  const path = tree.path(file), panel = byId("detail"), close = element("button", "round", "×");
  close.setAttribute("aria-label", "Close");
  close.addEventListener("click", closeDetail);
  const facts = element("dl");
  const fact = (name, value) => value && facts.append(element("dt", "", name), element("dd", "", value));
  fact("size", size(tree.sizes[file]));
  fact("is", { f: "file", l: "symbolic link", h: "hard link" }[tree.kinds[file]] || "device or pipe");
  fact("access", tree.accessNames[tree.access[file]]);
  fact("package", tree.packageNames[tree.packages[file]]);
  const blame = element("ol", "blame");
  for (const version of tree.versions(file)) {
    const layer = DOC.layers[tree.layers[version]], step = element("li");
    step.style.borderColor = layerColour(layer.index);
    step.append(element("b", "", `layer ${layer.index}`), ` brought ${size(tree.sizes[version])}`, element("code", "", layer.text || "(no record)"));
    if (tree.until[version] !== NEVER)
      step.append(element("p", "bad", `${tree.causes[version] || "hidden"} by layer ${tree.until[version]}: ${DOC.layers[tree.until[version]].text || "(no record)"}`));
    blame.append(step);
  }
  const notes = findingsOf(path).map(text => element("p", "bad", text));
  const waste = DOC.waste.find(w => w.id === tree.wasteIds[tree.wastes[file]]);
  if (waste) notes.push(element("p", "warn", waste.title), element("p", "remedy", waste.remedy));
  panel.replaceChildren(close, element("h2", "", "/" + path), facts, element("h3", "", "Brought by"), blame, ...notes);
  panel.hidden = false;
  say("/" + path);
}

function findingsOf(path) {
  return [
    ...(DOC.secrets || []).filter(s => s.place === "file" && s.path === path).map(s => `${s.title}, line ${s.line}: ${s.masked}`),
    ...DOC.checks.filter(c => c.paths.includes(path)).map(c => `${c.title} (${c.id})`),
    ...DOC.privileged.filter(p => p.path === path).map(p => p.how),
  ];
}

function closeDetail() {
  byId("detail").hidden = true;
  map.selected = null;
  map.paint();
}

function showPath(path) {
  const file = tree.find(path);
  if (file < 0) return;
  if (!tree.shown[file]) set({ mode: tree.until[file] === NEVER ? "final" : "dead" });
  openFolder(tree.folderOf[file]);
  select(file);
}

// --- the head and the layers
function start() {
  const { image, sizes, layers, base } = DOC;
  const run = [...image.entrypoint, ...image.cmd].join(" ") || "nothing";
  byId("subtitle").textContent = `${image.id.slice(7, 19)} · ${image.platform} · runs ${run} as ${image.user || "root"} · ${image.distro || "no distribution"}`;
  const figure = (value, name, kind) => {
    const made = element("div", "figure " + (kind || ""));
    made.append(element("b", "", value), element("span", "", name));
    return made;
  };
  byId("figures").append(
    figure(size(sizes.on_disk), "on disk", "main"),
    figure(sizes.pulled === null ? "–" : size(sizes.pulled), sizes.pulled === null ? "pulled: not known here" : "pulled, compressed"),
    figure(size(sizes.reachable), "reachable"),
    figure(size(sizes.dead), "dead in lower layers", sizes.dead > sizes.on_disk / 100 ? "bad" : "good"),
    figure(size(sizes.duplicate), "in duplicates"),
    figure(base.layers ? size(sizes.yours) : "–", base.layers ? `yours, on ${base.name || "an unnamed base"}` : "yours: base not known"),
    figure(sizes.files.toLocaleString("en"), `files in ${layers.length} layers`),
    figure(DOC.packages ? DOC.packages.length.toLocaleString("en") : "–", "packages"),
  );
  for (const layer of layers) layerRow(layer, Math.max(...layers.map(l => l.on_disk), 1));
  for (const [mode, text] of Object.entries(MODES)) {
    const button = element("button", "", text);
    button.dataset.mode = mode;
    button.setAttribute("role", "radio");
    button.addEventListener("click", () => set({ mode }));
    byId("modes").append(button);
  }
  byId("modes").addEventListener("keydown", event => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key], modes = Object.keys(MODES);
    if (!step) return;
    set({ mode: modes[(modes.indexOf(state.mode) + step + modes.length) % modes.length] });
    byId("modes").querySelector("[aria-checked=true]").focus();
    event.preventDefault();
  });
  for (const name of Object.keys(COLOURS)) byId("colour").append(new Option(name, name));
  byId("colour").addEventListener("change", event => set({ colour: event.target.value }));
  byId("slider").max = layers.length - 1;
  byId("slider").addEventListener("input", event => set({ layer: Number(event.target.value) }));
  let waiting;
  byId("search").addEventListener("input", event => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { set({ query: event.target.value }); openTab("files"); }, 120);
  });
  byId("help-button").addEventListener("click", () => byId("help").showModal());
  byId("theme").addEventListener("click", () => { document.documentElement.dataset.theme = isDark() ? "light" : "dark"; refresh(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", refresh);
  addEventListener("keydown", keys);
  makeTabs();
  refresh();
}

function layerRow(layer, most) {
  const item = element("li"), row = element("button", "layer " + layer.origin), meter = element("span", "meter");
  const bar = element("i");
  bar.style.width = (100 * layer.on_disk) / most + "%";
  bar.dataset.layer = layer.index;
  meter.append(bar);
  row.append(element("span", "index", layer.index), element("span", "text", layer.text || "(no record)"), element("span", "size", size(layer.on_disk)), meter);
  if (layer.dead) row.append(element("span", "bad", `${size(layer.dead)} dead`));
  row.title = layer.text;
  row.addEventListener("click", () => {
    const again = state.layer === layer.index && state.mode === "only";
    set(again ? { mode: "final" } : { layer: layer.index, mode: state.mode === "upto" ? "upto" : "only" });
  });
  item.append(row);
  byId("layer-list").append(item);
  const part = element("i");
  part.style.flexGrow = layer.on_disk;
  part.dataset.layer = layer.index;
  byId("strip").append(part);
}

function keys(event) {
  if (event.key === "Escape") return byId("detail").hidden ? (byId("search").value = "", set({ query: "" })) : closeDetail();
  if (event.target.matches("input[type=search], select") || event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
  const step = { "[": -1, "]": 1 }[event.key], mode = { f: "final", u: "upto", o: "only", d: "dead" }[event.key];
  if (event.key === "/") { byId("search").focus(); event.preventDefault(); }
  else if (event.key === "?") byId("help").showModal();
  else if (step) set({ layer: Math.max(0, Math.min(DOC.layers.length - 1, state.layer + step)), mode: state.mode === "only" ? "only" : "upto" });
  else if (mode) set({ mode });
  else if (/^[1-6]$/.test(event.key)) openTab(Object.keys(TABS)[event.key - 1]);
}
