// The parts below the map: files, waste, security, packages, history, config.

const TABS = {
  files: { title: () => "Files", make: makeFiles },
  waste: { title: () => `Waste ${size(DOC.waste.reduce((sum, w) => sum + w.size, 0))}`, make: makeWaste },
  security: { title: () => `Security ${(DOC.secrets || []).length + DOC.checks.length}`, make: makeSecurity },
  packages: { title: () => `Packages ${DOC.packages ? DOC.packages.length : "–"}`, make: makePackages },
  history: { title: () => "History", make: makeHistory },
  config: { title: () => "Config", make: makeConfig },
};

function makeTabs() {
  for (const [name, part] of Object.entries(TABS)) {
    const tab = element("button", "tab", part.title()), view = element("div", "view " + name);
    tab.id = "tab-" + name;
    view.id = "view-" + name;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", view.id);
    view.setAttribute("role", "tabpanel");
    view.setAttribute("aria-labelledby", tab.id);
    tab.addEventListener("click", () => openTab(name));
    byId("tabs").append(tab);
    byId("views").append(view);
  }
  byId("tabs").addEventListener("keydown", event => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key], names = Object.keys(TABS);
    if (!step) return;
    const at = names.findIndex(name => byId("tab-" + name).getAttribute("aria-selected") === "true");
    openTab(names[(at + step + names.length) % names.length]);
    byId("tabs").querySelector("[aria-selected=true]").focus();
    event.preventDefault();
  });
  openTab("files");
}

function openTab(name) {
  for (const each of Object.keys(TABS)) {
    const tab = byId("tab-" + each), view = byId("view-" + each), on = each === name;
    tab.setAttribute("aria-selected", on);
    tab.tabIndex = on ? 0 : -1;
    view.hidden = !on;
    if (on && !view.dataset.made) {
      view.dataset.made = "yes";
      TABS[each].make(view);
    }
  }
}

function makeFiles(view) {
  const box = element("div");
  box.id = "files";
  view.append(box);
  files = new FileList(box, tree, { matches: file => matches(file), onSelect: select });
  tree.show(inView());
  files.refresh(Boolean(state.query));
}

function pathLink(path) {
  const link = element("button", "path", "/" + path);
  link.addEventListener("click", () => showPath(path));
  return link;
}

function makeWaste(view) {
  const most = Math.max(...DOC.waste.map(w => w.size), 1);
  if (!DOC.waste.length) view.append(element("p", "good", "Nothing that the image could do without."));
  for (const waste of DOC.waste) {
    const card = element("article", "card"), head = element("h3"), meter = element("span", "meter"), where = element("p", "dim");
    head.append(element("b", "warn", size(waste.size)), " " + waste.title + " ", element("span", "badge " + waste.origin, waste.origin));
    meter.append(element("i"));
    meter.firstChild.style.width = (100 * waste.size) / most + "%";
    where.textContent = `${waste.files.toLocaleString("en")} files · ` + waste.parts.slice(0, 4).map(p => `${size(p.size)} by layer ${p.layer}`).join(" · ");
    const samples = element("details");
    samples.append(element("summary", "", "largest files"), ...waste.samples.map(pathLink));
    card.append(head, meter, where, element("p", "remedy", (waste.origin === "base" ? "In the base: choose a slimmer one, or " : "") + waste.remedy), samples);
    if (tree.wasteIds.includes(waste.id)) {
      const show = element("button", "", "Show in the map");
      show.addEventListener("click", () => {
        byId("search").value = "waste:" + waste.id;
        set({ query: "waste:" + waste.id, colour: "waste", mode: "final" });
        byId("map").scrollIntoView({ block: "center" });
      });
      card.append(show);
    }
    view.append(card);
  }
}

function finding(level, title, detail, remedy, paths, origin) {
  const card = element("article", "card " + level), head = element("h3");
  head.append(element("span", "level " + level, level), " " + title + " ");
  if (origin === "base") head.append(element("span", "badge base", "base"));
  card.append(head);
  if (detail) card.append(element("p", "dim", detail));
  if (remedy) card.append(element("p", "remedy", remedy));
  card.append(...paths.slice(0, 20).map(pathLink));
  return card;
}

function makeSecurity(view) {
  const heading = text => view.append(element("h3", "heading", text));
  heading("Secrets");
  if (DOC.secrets === null) view.append(element("p", "dim", "Not looked for."));
  else if (!DOC.secrets.length) view.append(element("p", "good", "None found, in any layer, the config or the history."));
  for (const s of DOC.secrets || []) {
    const where = s.place === "file" ? `line ${s.line}, layer ${s.layer}` : `${s.place} ${s.path}`;
    const hidden = s.hidden ? "; a later layer deletes the file, but the image still holds it" : "";
    view.append(finding("error", s.title, `${s.masked} · ${where}${hidden}`, "Rotate it, then keep it out of the build: RUN --mount=type=secret", s.place === "file" ? [s.path] : [], s.origin));
  }
  heading("Findings");
  for (const c of DOC.checks) view.append(finding(c.level, `${c.title} (${c.id})`, c.detail, c.remedy, c.paths, c.origin));
  heading("Known vulnerabilities");
  if (DOC.vulnerabilities === null) view.append(element("p", "dim", "Not assessed: no database was given."));
  else table(view, ["id", "severity", "package", "version", "fixed in"], DOC.vulnerabilities.map(v => [v.id, v.severity, v.package, v.version, v.fixed || "–"]));
  heading("Programs with more rights than their caller");
  table(view, ["path", "how", "package"], DOC.privileged.map(p => [pathLink(p.path), p.how, p.package]));
  heading("Users who can log in");
  table(view, ["name", "uid", "gid", "shell", "password"], DOC.users.filter(u => u.can_log_in).map(u => [u.name, u.uid, u.gid, u.shell, u.password]));
  if (DOC.certificates.length) {
    heading("Certificates");
    table(view, ["path", "subject", "valid until"], DOC.certificates.map(c => [pathLink(c.path), c.subject, c.not_after.slice(0, 10) + (c.expired ? " expired" : "")]));
  }
  const built = DOC.hardening;
  if (!built) return;
  heading("Defences of programs and libraries");
  const total = built.programs + built.libraries, share = (n, of) => `${n.toLocaleString("en")} of ${of.toLocaleString("en")}`;
  table(view, ["defence", "have it"], [["position independent programs", share(built.pie, built.programs)], ["stack not executable", share(built.nx, total)], ["full RELRO", share(built.full_relro, total)], ["partial RELRO", share(built.partial_relro, total)], ["stack canary", share(built.canary, total)]]);
}

function table(view, columns, rows) {
  if (!rows.length) return view.append(element("p", "dim", "None."));
  const made = element("table"), head = made.createTHead().insertRow(), body = made.createTBody();
  for (const column of columns) {
    const cell = element("th", "", column);
    cell.scope = "col";
    head.append(cell);
  }
  for (const row of rows) {
    const line = body.insertRow();
    for (const value of row) line.insertCell().append(value);
  }
  view.append(made);
}

function makePackages(view) {
  if (!DOC.packages) return view.append(element("p", "dim", "Not read."));
  const label = element("label", "search"), filter = element("input"), box = element("div");
  filter.type = "search";
  filter.placeholder = "Filter packages …";
  filter.setAttribute("aria-label", "Filter packages");
  label.append(filter);
  box.id = "packages";
  view.append(label, box);
  const sorted = [...DOC.packages].sort((a, b) => b.size - a.size), most = Math.max(sorted.length ? sorted[0].size : 1, 1);
  let rows = sorted;
  const find = index => {
    const name = rows[index].name;
    byId("search").value = "package:" + name;
    set({ query: "package:" + name, mode: "final" });
    openTab("files");
  };
  const list = new VirtualList(box, {
    rowHeight: 27, role: "grid", label: "Packages by size", onKey: (key, index) => key === "Enter" && rows[index] && (find(index), true),
    render: index => {
      const p = rows[index], row = element("div", "package"), meter = element("span", "meter");
      row.setAttribute("role", "row");
      meter.append(element("i"));
      meter.firstChild.style.width = (100 * p.size) / most + "%";
      const cells = [["name", p.name], ["tag", p.version], ["tag", p.ecosystem + (p.dev ? " dev" : "")], ["tag", p.license.slice(0, 40)], ["tag", p.origin]].map(([kind, text]) => element("span", kind, text));
      row.append(...cells, meter, element("span", "size", size(p.size)));
      for (const cell of row.children) cell.setAttribute("role", "gridcell");
      row.addEventListener("click", () => find(index));
      return row;
    },
  });
  list.fill(rows.length);
  filter.addEventListener("input", () => {
    const text = filter.value.toLowerCase();
    rows = sorted.filter(p => `${p.ecosystem} ${p.name} ${p.version} ${p.license} ${p.origin}`.toLowerCase().includes(text));
    list.fill(rows.length);
  });
}

function makeHistory(view) {
  const list = element("ol", "history");
  for (const entry of DOC.history) {
    const item = element("li", entry.origin), layer = entry.layer === null ? null : DOC.layers[entry.layer];
    item.append(element("code", "", entry.text || "(no record)"));
    if (layer) {
      const facts = `layer ${layer.index} · ${size(layer.on_disk)} · ${layer.added.toLocaleString("en")} added, ${layer.changed.toLocaleString("en")} changed, ${layer.removed.toLocaleString("en")} removed`;
      item.style.borderColor = layerColour(layer.index);
      item.append(element("p", "dim", facts + (entry.origin === "base" ? " · base" : "")));
    }
    list.append(item);
  }
  view.append(list, element("h3", "heading", "The Dockerfile, as far as the history tells"), element("pre", "", DOC.dockerfile));
}

function makeConfig(view) {
  const { image } = DOC, rows = [["reference", image.reference], ["config digest", image.id], ["manifest digest", image.digest || "–"], ["created", image.created], ["platform", image.platform],
    ["user", image.user || "root"], ["entrypoint", image.entrypoint.join(" ") || "–"], ["command", image.cmd.join(" ") || "–"], ["working folder", image.working_dir || "/"],
    ["ports", image.ports.join(", ") || "–"], ["volumes", image.volumes.join(", ") || "–"], ["stop signal", image.stop_signal || "SIGTERM"], ["health check", image.healthcheck.join(" ") || "–"]];
  rows.push(...image.env.map(text => ["env", text]), ...Object.entries(image.labels).map(([k, v]) => ["label", `${k}=${v}`]), ...DOC.problems.map(text => ["could not be read", text]));
  table(view, ["field", "value"], rows);
}

start();
