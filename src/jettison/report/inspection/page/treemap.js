// A squarified treemap on a canvas (Bruls, Huizing, van Wijk: Squarified Treemaps, 2000). Only what can be seen is laid out.

const HEAD = 17, PAD = 2, LEAST = 5; // px: title of a folder, its border, the smallest box that is divided

class Treemap {
  constructor(canvas, tree, { colourOf, matches, onOpen, onSelect, onHover }) {
    Object.assign(this, { canvas, tree, colourOf, matches, onOpen, onSelect, onHover });
    this.root = 0;
    this.boxes = [];
    this.cursor = -1;
    this.selected = null;
    canvas.addEventListener("mousemove", event => this.#hover(event));
    canvas.addEventListener("mouseleave", () => this.#point(-1, null));
    canvas.addEventListener("click", event => this.#click(event));
    canvas.addEventListener("keydown", event => this.#key(event));
    canvas.addEventListener("focus", () => { if (this.cursor < 0) this.#point(this.boxes.length > 1 ? 1 : 0, null); });
    canvas.addEventListener("blur", () => this.#point(-1, null));
    new ResizeObserver(() => this.draw()).observe(canvas.parentElement);
  }

  open(folder) {
    this.root = folder;
    this.cursor = -1;
    this.draw();
  }

  draw() {
    const box = this.canvas.parentElement.getBoundingClientRect(), scale = devicePixelRatio || 1;
    if (!box.width) return;
    this.width = box.width;
    this.height = box.height;
    this.canvas.width = Math.round(box.width * scale);
    this.canvas.height = Math.round(box.height * scale);
    this.boxes = [];
    this.#folder(this.root, 0, 0, this.width, this.height, 0);
    this.scale = scale;
    this.paint();
  }

  // --- layout
  #folder(folder, x, y, w, h, depth) {
    this.boxes.push({ node: ~folder, x, y, w, h, depth });
    if (w < 3 * LEAST || h < 3 * LEAST || depth > 24) return;
    const head = depth && w > 38 && h > 30 ? HEAD : PAD;
    const inside = { x: x + PAD, y: y + head, w: w - 2 * PAD, h: h - head - PAD };
    const total = this.tree.bytes[folder];
    if (!total || inside.w < LEAST || inside.h < LEAST) return;
    const unit = (inside.w * inside.h) / total;
    const items = this.tree.children(folder).filter(node => this.tree.size(node) * unit > 1.5);
    squarify(items, node => this.tree.size(node) * unit, inside, (node, left, top, width, height) => {
      if (node < 0) this.#folder(~node, left, top, width, height, depth + 1);
      else this.boxes.push({ node, x: left, y: top, w: width, h: height, depth: depth + 1 });
    });
  }

  // --- painting
  paint() {
    const ink = this.canvas.getContext("2d"), theme = themeColours();
    ink.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    ink.clearRect(0, 0, this.width, this.height);
    ink.textBaseline = "middle";
    for (const box of this.boxes) this.#paintBox(ink, box, theme);
    this.#outline(ink, this.boxes[this.cursor], theme.text, 2);
    this.#outline(ink, this.boxes.find(box => box.node === this.selected), theme.accent, 3);
    if (!this.tree.counts[this.root]) {
      ink.fillStyle = theme.dim;
      ink.textAlign = "center";
      ink.font = "14px system-ui, sans-serif";
      ink.fillText("No file here", this.width / 2, this.height / 2);
      ink.textAlign = "start";
    }
  }

  #paintBox(ink, box, theme) {
    const leaf = box.node >= 0 || box.w < 3 * LEAST || box.h < 3 * LEAST;
    if (!leaf) return this.#paintFolder(ink, box, theme);
    const file = box.node >= 0 ? box.node : this.tree.largest[~box.node];
    if (file < 0) return;
    const gap = box.w > 4 && box.h > 4 ? 1 : 0.25;
    ink.globalAlpha = this.matches(file) ? 1 : 0.13;
    ink.fillStyle = this.colourOf(file);
    ink.beginPath();
    ink.roundRect(box.x + gap / 2, box.y + gap / 2, box.w - gap, box.h - gap, Math.min(3, box.w / 5, box.h / 5));
    ink.fill();
    if (box.w > 46 && box.h > 15) this.#label(ink, box, theme);
    ink.globalAlpha = 1;
  }

  #paintFolder(ink, box, theme) {
    if (!box.depth) return;
    ink.fillStyle = box.depth % 2 ? theme.folder : theme.folder2;
    ink.beginPath();
    ink.roundRect(box.x + 0.5, box.y + 0.5, box.w - 1, box.h - 1, 4);
    ink.fill();
    if (box.w <= 38 || box.h <= 30) return;
    ink.font = "600 11px system-ui, sans-serif";
    ink.fillStyle = theme.text;
    const name = fit(ink, this.tree.name(box.node), box.w - 10);
    ink.fillText(name, box.x + 5, box.y + HEAD / 2 + 1);
    const used = ink.measureText(name).width + 14, bytes = size(this.tree.size(box.node));
    ink.font = "11px system-ui, sans-serif";
    if (used + ink.measureText(bytes).width + 6 < box.w) {
      ink.fillStyle = theme.dim;
      ink.fillText(bytes, box.x + used, box.y + HEAD / 2 + 1);
    }
  }

  #label(ink, box, theme) {
    ink.fillStyle = theme.onBox;
    ink.font = "11px system-ui, sans-serif";
    const tall = box.h > 34;
    ink.fillText(fit(ink, this.tree.name(box.node), box.w - 9), box.x + 5, box.y + (tall ? 11 : box.h / 2));
    if (!tall) return;
    ink.globalAlpha *= 0.72;
    ink.fillText(fit(ink, size(this.tree.size(box.node)), box.w - 9), box.x + 5, box.y + 25);
  }

  #outline(ink, box, colour, width) {
    if (!box) return;
    ink.strokeStyle = colour;
    ink.lineWidth = width;
    ink.strokeRect(box.x + width / 2, box.y + width / 2, box.w - width, box.h - width);
  }

  // --- mouse and keys
  #at(event) {
    const { offsetX: x, offsetY: y } = event;
    for (let i = this.boxes.length - 1; i >= 0; i--) {
      const box = this.boxes[i];
      if (x >= box.x && x < box.x + box.w && y >= box.y && y < box.y + box.h) return i;
    }
    return -1;
  }

  #hover(event) {
    this.#point(this.#at(event), event);
  }

  #point(index, event) {
    if (index === this.cursor && !event) return;
    const moved = index !== this.cursor;
    this.cursor = index;
    this.onHover(index < 0 ? null : this.boxes[index].node, event, this.boxes[index]);
    if (moved) this.paint();
  }

  #click(event) {
    const box = this.boxes[this.#at(event)];
    if (box) this.#take(box.node);
  }

  #take(node) {
    if (node < 0 && ~node !== this.root) this.onOpen(~node);
    else if (node >= 0) this.onSelect(node);
  }

  #key(event) {
    const steps = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
    if (steps[event.key]) this.#move(...steps[event.key]);
    else if (event.key === "Enter" && this.boxes[this.cursor]) this.#take(this.boxes[this.cursor].node);
    else if (event.key === "Backspace" && this.root) this.onOpen(this.tree.parents[this.root]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // To the nearest box in a direction that lies no deeper than this one.
  #move(dx, dy) {
    const here = this.boxes[Math.max(this.cursor, 0)];
    const middle = box => [box.x + box.w / 2, box.y + box.h / 2];
    const [x, y] = middle(here);
    let best = -1, least = Infinity;
    this.boxes.forEach((box, index) => {
      if (!box.depth || box.w < 12 || box.h < 12 || box.depth > Math.max(here.depth, 1)) return;
      const [bx, by] = middle(box), along = (bx - x) * dx + (by - y) * dy;
      const aside = Math.abs((bx - x) * dy) + Math.abs((by - y) * dx);
      if (along > 1 && along + 2 * aside < least) [best, least] = [index, along + 2 * aside];
    });
    if (best >= 0) this.#point(best, null);
  }
}

// Divides a box into boxes of the given areas, rows as near to squares as they get.
function squarify(items, area, { x, y, w, h }, emit) {
  for (let at = 0; at < items.length;) {
    const side = Math.min(w, h);
    let sum = 0, end = at, worst = Infinity;
    while (end < items.length) {
      const next = sum + area(items[end]), largest = area(items[at]), smallest = area(items[end]);
      const ratio = Math.max((side * side * largest) / (next * next), (next * next) / (side * side * smallest));
      if (ratio > worst) break;
      [sum, worst, end] = [next, ratio, end + 1];
    }
    const thick = Math.min(sum / side, w >= h ? w : h);
    let offset = 0;
    for (; at < end; at++) {
      const long = area(items[at]) / thick;
      if (w >= h) emit(items[at], x, y + offset, thick, long);
      else emit(items[at], x + offset, y, long, thick);
      offset += long;
    }
    if (w >= h) [x, w] = [x + thick, w - thick];
    else [y, h] = [y + thick, h - thick];
  }
}

// As much of a text as fits, with an ellipsis.
function fit(ink, text, width) {
  if (ink.measureText(text).width <= width) return text;
  let low = 0, high = text.length;
  while (low < high) {
    const half = (low + high + 1) >> 1;
    if (ink.measureText(text.slice(0, half) + "…").width <= width) low = half;
    else high = half - 1;
  }
  return low ? text.slice(0, low) + "…" : "";
}
