// The files of every layer as columns, and what of them a view shows.

const DATA = JSON.parse(document.getElementById("data").textContent);
const DOC = DATA.inspection;
const NEVER = -1; // in `until`: no later layer hides the file

class Tree {
  constructor(columns) {
    this.folderNames = columns.folders.names.split("/");
    this.parents = Int32Array.from(columns.folders.parents);
    this.names = columns.files.names.split("/");
    this.sizes = Float64Array.from(columns.files.sizes);
    this.layers = Int16Array.from(columns.files.layers);
    this.until = Int16Array.from(columns.files.until);
    this.kinds = columns.files.kinds;
    this.access = Int32Array.from(columns.files.access);
    this.packages = Int32Array.from(columns.files.packages);
    this.wastes = Int16Array.from(columns.files.wastes);
    this.causes = columns.causes;
    this.accessNames = columns.access;
    this.packageNames = columns.packages;
    this.wasteIds = columns.wastes;
    if (!columns.files.sizes.length) this.names = [];
    this.#index(columns.folders.counts);
  }

  // Files stand by folder, and folders after the folder that holds them.
  #index(counts) {
    const folders = this.parents.length;
    this.starts = new Int32Array(folders + 1);
    for (let f = 0; f < folders; f++) this.starts[f + 1] = this.starts[f] + counts[f];
    this.folderOf = new Int32Array(this.sizes.length);
    for (let f = 0; f < folders; f++) this.folderOf.fill(f, this.starts[f], this.starts[f + 1]);
    this.subfolders = Array.from({ length: folders }, () => []);
    for (let f = 1; f < folders; f++) this.subfolders[this.parents[f]].push(f);
    this.shown = new Uint8Array(this.sizes.length);
    this.bytes = new Float64Array(folders);
    this.counts = new Int32Array(folders);
    this.largest = new Int32Array(folders);
  }

  get length() { return this.sizes.length; }

  folderPath(folder) {
    let path = this.folderNames[folder];
    for (let f = this.parents[folder]; f > 0; f = this.parents[f]) path = this.folderNames[f] + "/" + path;
    return path;
  }

  path(file) {
    const folder = this.folderOf[file];
    return folder ? this.folderPath(folder) + "/" + this.names[file] : this.names[file];
  }

  // All paths in lower case, made when they are first searched.
  get lowered() {
    if (!this._lowered) {
      const folders = this.parents.length, prefix = new Array(folders).fill("");
      for (let f = 1; f < folders; f++) prefix[f] = prefix[this.parents[f]] + this.folderNames[f] + "/";
      this._lowered = this.names.map((name, file) => (prefix[this.folderOf[file]] + name).toLowerCase());
    }
    return this._lowered;
  }

  versions(file) {
    const folder = this.folderOf[file], found = [];
    for (let f = this.starts[folder]; f < this.starts[folder + 1]; f++)
      if (this.names[f] === this.names[file]) found.push(f);
    return found.sort((a, b) => this.layers[a] - this.layers[b]);
  }

  // The file at a path: what the final image has there, else its last version.
  find(path) {
    const parts = path.split("/"), name = parts.pop();
    let folder = 0;
    for (const part of parts) {
      folder = this.subfolders[folder].find(f => this.folderNames[f] === part);
      if (folder === undefined) return -1;
    }
    let found = -1;
    for (let f = this.starts[folder]; f < this.starts[folder + 1]; f++)
      if (this.names[f] === name && (found < 0 || this.until[f] === NEVER || this.until[found] !== NEVER)) found = f;
    return found;
  }

  // Marks what `test` lets through and adds it up, folder by folder.
  show(test) {
    this.bytes.fill(0);
    this.counts.fill(0);
    this.largest.fill(-1);
    for (let file = 0; file < this.length; file++) {
      const on = test(file);
      this.shown[file] = on ? 1 : 0;
      if (on) this.#add(this.folderOf[file], this.sizes[file], 1, file);
    }
    for (let f = this.parents.length - 1; f > 0; f--)
      this.#add(this.parents[f], this.bytes[f], this.counts[f], this.largest[f]);
  }

  #add(folder, bytes, count, file) {
    this.bytes[folder] += bytes;
    this.counts[folder] += count;
    const largest = this.largest[folder];
    if (file >= 0 && (largest < 0 || this.sizes[file] > this.sizes[largest])) this.largest[folder] = file;
  }

  // What a folder holds, largest first. Folders are given as ~number, files as number.
  children(folder) {
    const found = this.subfolders[folder].filter(f => this.counts[f]).map(f => ~f);
    for (let f = this.starts[folder]; f < this.starts[folder + 1]; f++) if (this.shown[f]) found.push(f);
    const size = node => this.size(node), name = node => this.name(node);
    return found.sort((a, b) => size(b) - size(a) || (name(a) < name(b) ? -1 : 1));
  }

  size(node) { return node < 0 ? this.bytes[~node] : this.sizes[node]; }
  name(node) { return node < 0 ? this.folderNames[~node] : this.names[node]; }
}

// A test of files for the words of a search; null for an empty one.
function searchTest(tree, text) {
  const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return null;
  const tests = words.map(word => wordTest(tree, word));
  return file => tests.every(test => test(file));
}

function wordTest(tree, word) {
  const [, key, value] = /^(layer|waste|package|is):(.+)$/.exec(word) || [];
  if (key === "layer") return file => tree.layers[file] === Number(value);
  if (key === "waste") {
    const id = tree.wasteIds.indexOf(value);
    return file => tree.wastes[file] === id && tree.until[file] === NEVER;
  }
  if (key === "package") {
    const ids = new Set(tree.packageNames.flatMap((name, id) => (name.toLowerCase().includes(value) ? [id] : [])));
    return file => ids.has(tree.packages[file]);
  }
  if (value === "dead") return file => tree.until[file] !== NEVER;
  if (value === "setuid") {
    const paths = new Set(DOC.privileged.map(each => each.path));
    return file => paths.has(tree.path(file));
  }
  const paths = tree.lowered, plain = word.replace(/^\/(?=.)/, "");
  return file => paths[file].includes(plain);
}
