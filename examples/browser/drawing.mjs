// drawing.mjs - the plane: points and regions on a canvas, and a pointer or keys that draw points.

const reach = 512; // points have whole coordinates from -reach to reach
const apart = 34; // between the points of one stroke
const step = 32; // of the cross, with the arrow keys

const shapes = [
  (c, x, y, r) => c.arc(x, y, r, 0, 2 * Math.PI),
  (c, x, y, r) => [[0, -1.25], [1.18, 0.95], [-1.18, 0.95]].forEach(([dx, dy], i) => c[i ? "lineTo" : "moveTo"](x + r * dx, y + r * dy)),
  (c, x, y, r) => c.rect(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r),
];

const clamp = (x) => Math.max(-reach, Math.min(reach, Math.round(x)));
const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

/** Draws on `canvas`. Calls add(x, y) for each point that the visitor draws, key(name) for other keys. */
export class Plane {
  #canvas;
  #small = document.createElement("canvas"); // the regions, a pixel for each place of their grid
  #cross = null; // [x, y] of the keyboard
  #points = new Int16Array(0);
  #frame = null;
  #waiting = false;

  constructor(canvas, { add, key }) {
    this.#canvas = canvas;
    this.#listen(canvas, add, key);
    new ResizeObserver(() => this.#later()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#later());
  }

  /** x, y, class of each point. */
  set points(points) {
    this.#points = points;
    this.#later();
  }

  /** { side, regions }: probabilities of the classes, 0 to 255, row by row from the top. */
  set frame(frame) {
    this.#frame = frame;
    this.#later();
  }

  #listen(canvas, add, key) {
    let last = null;
    const draw = (event) => {
      const box = canvas.getBoundingClientRect();
      const x = clamp(((event.clientX - box.left) / box.width) * 2 * reach - reach);
      const y = clamp(reach - ((event.clientY - box.top) / box.height) * 2 * reach);
      if (last && Math.hypot(x - last[0], y - last[1]) < apart) return;
      last = [x, y];
      add(x, y);
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.#cross = last = null;
      draw(event);
    });
    canvas.addEventListener("pointermove", (event) => last && event.buttons && draw(event));
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (last = null));
    canvas.addEventListener("blur", () => ((this.#cross = null), this.#later()));
    canvas.addEventListener("keydown", (event) => {
      const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (arrow) this.#cross = (this.#cross ?? [0, 0]).map((at, i) => clamp(at + step * arrow[i]));
      else if (event.key === " ") add(...(this.#cross ??= [0, 0]));
      else if (!key(event.key)) return;
      event.preventDefault();
      this.#later();
    });
  }

  #later() {
    if (this.#waiting) return;
    this.#waiting = true;
    requestAnimationFrame(() => {
      this.#waiting = false;
      this.#draw();
    });
  }

  #draw() {
    const canvas = this.#canvas, size = Math.round(canvas.clientWidth * devicePixelRatio);
    if (canvas.width !== size) canvas.width = canvas.height = size;
    const style = getComputedStyle(canvas), color = (name) => style.getPropertyValue(name).trim();
    const colors = ["--c0", "--c1", "--c2"].map(color), c = canvas.getContext("2d");
    c.clearRect(0, 0, size, size);
    if (this.#frame) this.#drawRegions(c, size, colors.map(rgb), rgb(color("--plane")));
    const at = (x) => ((x + reach) / (2 * reach)) * size, r = Math.max(4 * devicePixelRatio, size / 110);
    c.lineWidth = Math.max(1, 1.25 * devicePixelRatio);
    c.strokeStyle = color("--edge");
    for (let i = 0; i < this.#points.length; i += 3) {
      const [x, y, label] = this.#points.subarray(i, i + 3);
      c.beginPath();
      shapes[label](c, at(x), at(-y), r);
      c.closePath();
      c.fillStyle = colors[label];
      c.fill();
      c.stroke();
    }
    if (this.#cross) this.#drawCross(c, at(this.#cross[0]), at(-this.#cross[1]), 2 * r, color("--ink"));
  }

  #drawRegions(c, size, colors, ground) {
    const { side, regions } = this.#frame, image = new ImageData(side, side);
    for (let i = 0; i < side * side; i++) {
      for (let k = 0; k < 3; k++) {
        let mixed = 0;
        for (let label = 0; label < 3; label++) mixed += (regions[3 * i + label] / 255) * colors[label][k];
        image.data[4 * i + k] = 0.66 * ground[k] + 0.34 * mixed;
      }
      image.data[4 * i + 3] = 255;
    }
    this.#small.width = this.#small.height = side;
    this.#small.getContext("2d").putImageData(image, 0, 0);
    c.imageSmoothingQuality = "high";
    c.drawImage(this.#small, 0, 0, size, size);
  }

  #drawCross(c, x, y, r, color) {
    c.beginPath();
    for (const [dx, dy] of [[r, 0], [0, r]]) {
      c.moveTo(x - dx, y - dy);
      c.lineTo(x + dx, y + dy);
    }
    c.strokeStyle = color;
    c.lineWidth = 2 * devicePixelRatio;
    c.stroke();
  }
}

/** The losses as the path of an SVG of 100 x 100, logarithmic: [[step, loss], ...]. */
export function curve(losses) {
  if (losses.length < 2) return "";
  const logs = losses.map(([, loss]) => Math.log(Math.max(loss, 1e-6))), high = Math.max(...logs), low = Math.min(...logs, high - 0.1);
  const last = losses.at(-1)[0], every = Math.ceil(losses.length / 400);
  const place = (i) => `${((100 * losses[i][0]) / last).toFixed(2)} ${(4 + (92 * (high - logs[i])) / (high - low)).toFixed(2)}`;
  const shown = losses.map((_, i) => i).filter((i) => i % every === 0 || i === losses.length - 1);
  return `M${shown.map(place).join("L")}`;
}
