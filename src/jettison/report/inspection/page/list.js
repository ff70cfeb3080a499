// Rows of which only those in sight exist, and the files as such a list.

class VirtualList {
  constructor(box, { rowHeight, label, role, render, onKey }) {
    Object.assign(this, { box, rowHeight, render, onKey });
    this.count = 0;
    this.current = 0;
    box.classList.add("virtual");
    box.tabIndex = 0;
    box.setAttribute("role", role);
    box.setAttribute("aria-label", label);
    this.sheet = element("div", "sheet");
    this.sheet.setAttribute("role", "presentation");
    box.append(this.sheet);
    box.addEventListener("scroll", () => this.paint());
    box.addEventListener("keydown", event => this.#key(event));
    new ResizeObserver(() => this.paint()).observe(box);
  }

  fill(count) {
    this.count = count;
    this.current = Math.min(this.current, Math.max(count - 1, 0));
    this.sheet.style.height = count * this.rowHeight + "px";
    this.box.setAttribute("aria-rowcount", count);
    this.paint();
  }

  paint() {
    const from = Math.max(0, Math.floor(this.box.scrollTop / this.rowHeight) - 4);
    const to = Math.min(this.count, Math.ceil((this.box.scrollTop + this.box.clientHeight) / this.rowHeight) + 4);
    const rows = [];
    for (let index = from; index < to; index++) {
      const row = this.render(index);
      row.classList.add("row");
      row.classList.toggle("current", index === this.current);
      row.style.transform = `translateY(${index * this.rowHeight}px)`;
      row.setAttribute("aria-rowindex", index + 1);
      row.id = `${this.box.id}-${index}`;
      rows.push(row);
    }
    this.sheet.replaceChildren(...rows);
    if (this.count) this.box.setAttribute("aria-activedescendant", `${this.box.id}-${this.current}`);
  }

  go(index) {
    this.current = Math.max(0, Math.min(index, this.count - 1));
    const top = this.current * this.rowHeight, { scrollTop, clientHeight } = this.box;
    if (top < scrollTop) this.box.scrollTop = top;
    else if (top + this.rowHeight > scrollTop + clientHeight) this.box.scrollTop = top + this.rowHeight - clientHeight;
    this.paint();
  }

  #key(event) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.rowHeight) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.count, End: this.count };
    if (event.key in steps) this.go(this.current + steps[event.key]);
    else if (!this.onKey(event.key, this.current)) return;
    event.preventDefault();
    event.stopPropagation();
  }
}

// The tree of files with folders that open, or, while something is searched, the files that fit.
class FileList {
  constructor(box, tree, { matches, onSelect }) {
    Object.assign(this, { tree, matches, onSelect });
    this.open = new Set([0]);
    this.flat = false;
    this.list = new VirtualList(box, {
      rowHeight: 27, role: "treegrid", label: "Files by size",
      render: index => this.#row(index), onKey: (key, index) => this.#key(key, index),
    });
  }

  refresh(flat) {
    this.flat = flat;
    this.total = Math.max(this.tree.bytes[0], 1);
    this.rows = flat ? this.#found() : this.#visible(0, 0, []);
    this.list.fill(this.rows.length);
  }

  #found() {
    const found = [];
    for (let file = 0; file < this.tree.length; file++)
      if (this.tree.shown[file] && this.matches(file)) found.push(file);
    found.sort((a, b) => this.tree.sizes[b] - this.tree.sizes[a] || a - b);
    return found.map(node => ({ node, depth: 0 }));
  }

  #visible(folder, depth, out) {
    for (const node of this.tree.children(folder)) {
      out.push({ node, depth });
      if (node < 0 && this.open.has(~node)) this.#visible(~node, depth + 1, out);
    }
    return out;
  }

  #toggle(index) {
    const { node } = this.rows[index];
    if (node >= 0) return this.onSelect(node);
    if (!this.open.delete(~node)) this.open.add(~node);
    this.list.current = index;
    this.refresh(false);
  }

  #key(key, index) {
    const row = this.rows[index];
    if (!row) return false;
    const isOpen = row.node < 0 && this.open.has(~row.node);
    if (key === "Enter" || key === " " || (row.node < 0 && ((key === "ArrowRight" && !isOpen) || (key === "ArrowLeft" && isOpen))))
      this.#toggle(index);
    else if (key === "ArrowRight") this.list.go(index + 1);
    else if (key === "ArrowLeft") this.list.go(this.rows.findLastIndex((r, i) => i < index && r.depth < row.depth));
    else return false;
    return true;
  }

  #row(index) {
    const { node, depth } = this.rows[index], { tree } = this;
    const row = element("div", node < 0 ? "folder" : "file");
    row.setAttribute("role", "row");
    row.setAttribute("aria-level", depth + 1);
    const name = element("span", "name");
    name.setAttribute("role", "gridcell");
    name.style.paddingInlineStart = depth * 18 + 8 + "px";
    if (node < 0) {
      row.setAttribute("aria-expanded", this.open.has(~node));
      name.append(element("span", "twist", this.open.has(~node) ? "▾" : "▸"), tree.name(node));
    } else {
      const swatch = element("i", "swatch");
      swatch.style.background = layerColour(tree.layers[node]);
      name.append(swatch, this.flat ? "/" + tree.path(node) : tree.name(node));
    }
    const meter = element("span", "meter");
    meter.append(element("i"));
    meter.firstChild.style.width = (100 * tree.size(node)) / this.total + "%";
    const cell = (kind, text) => {
      const made = element("span", kind, text);
      made.setAttribute("role", "gridcell");
      return made;
    };
    const dead = node >= 0 && tree.until[node] !== NEVER;
    row.append(
      name,
      cell("tag", dead ? `${tree.causes[node] || "hidden"} by layer ${tree.until[node]}` : ""),
      cell("count", node < 0 ? `${tree.counts[~node].toLocaleString("en")} files` : `layer ${tree.layers[node]}`),
      meter,
      cell("size", size(tree.size(node))),
    );
    row.classList.toggle("dead", dead);
    row.addEventListener("click", () => { this.list.current = index; this.#toggle(index); });
    return row;
  }
}
