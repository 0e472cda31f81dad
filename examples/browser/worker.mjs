// worker.mjs - trains the network away from the page, so that the page stays responsive.
//
// Messages in:  { points } (Int16Array: x, y, class of each), { run, until, fast }, { reset }, { load } (bytes of a .loom file)
// Messages out: { ready }, { frame }, { failed }, as below.
import { batch, load } from "./plane.mjs";

const classes = 3, side = 64, every = 20;
const model = await load(), viewer = model.create(), input = new Float32Array(2 * batch), target = new Float32Array(classes * batch);
let net = model.create(), points = new Int16Array(0), running = false, until = Infinity, fast = false;
let losses = []; // [steps, mean loss of the last `every` of them], since the last frame
let sum = 0;

function commonFactor(a, b) {
  return b ? commonFactor(b, a % b) : a;
}

// The order of main.c: a stride without a factor in common with the number of points.
function strideOf(n) {
  let stride = Math.trunc((n * 618) / 1000) + 1;
  while (commonFactor(stride, n) !== 1) stride++;
  return stride;
}

function train(steps) {
  const n = points.length / 3, stride = strideOf(n);
  for (let i = 0; i < steps; i++) {
    const first = net.steps * batch;
    target.fill(0);
    for (let k = 0; k < batch; k++) {
      const p = 3 * ((((first + k) % n) * stride) % n);
      input[2 * k] = points[p] / 512;
      input[2 * k + 1] = points[p + 1] / 512;
      target[classes * k + points[p + 2]] = 1;
    }
    sum += net.trainBatches(input, target);
    if (net.steps % every === 0) {
      losses.push([net.steps, sum / every]);
      sum = 0;
    }
  }
}

// Calls use(i, scores, at) for each of n places, whose coordinates place(i) tells; at is where its scores begin.
function classify(n, place, use) {
  for (let i = 0; i < n; i += batch) {
    const some = Math.min(batch, n - i);
    for (let k = 0; k < some; k++) input.set(place(i + k), 2 * k);
    const scores = viewer.forward(input);
    for (let k = 0; k < some; k++) use(i + k, scores, classes * k);
  }
}

// The probabilities of the classes at each place of a grid, 0 to 255.
function regions() {
  const all = new Uint8ClampedArray(side * side * classes);
  const place = (i) => [((i % side) + 0.5) / (side / 2) - 1, 1 - (Math.trunc(i / side) + 0.5) / (side / 2)];
  classify(side * side, place, (i, scores, at) => {
    const e = [0, 1, 2].map((c) => Math.exp(scores[at + c] - Math.max(scores[at], scores[at + 1], scores[at + 2])));
    for (let c = 0; c < classes; c++) all[i * classes + c] = (255 * e[c]) / (e[0] + e[1] + e[2]);
  });
  return all;
}

function rightPoints() {
  let right = 0;
  classify(points.length / 3, (i) => [points[3 * i] / 512, points[3 * i + 1] / 512], (i, scores, at) => {
    const best = [0, 1, 2].reduce((b, c) => (scores[at + c] > scores[at + b] ? c : b), 0);
    right += best === points[3 * i + 2];
  });
  return right;
}

// What the page shows; the file only when training rests. A network counts its calls, and its file tells them: so
// another one with its weights is called.
function show() {
  viewer.load(net.save());
  const frame = { steps: net.steps, losses, running, side, regions: regions(), right: rightPoints(), count: points.length / 3 };
  if (!running) frame.file = net.save({ training: true });
  postMessage({ frame });
  losses = [];
}

function slice() {
  if (!running) return;
  const start = performance.now();
  do train(Math.min(fast ? 40 : 8, until - net.steps));
  while (fast && net.steps < until && performance.now() - start < 25);
  running = net.steps < until;
  show();
  if (running) setTimeout(slice, fast ? 0 : 16);
}

const handlers = {
  points(list) {
    points = list;
    if (points.length === 0) running = false;
  },
  reset() {
    net.free();
    net = model.create();
    running = false;
    sum = 0;
  },
  load(bytes) {
    net.load(bytes);
    running = false;
    sum = 0;
  },
  until: (steps) => (until = steps > net.steps ? steps : Infinity),
  fast: (value) => (fast = value),
  run(value) {
    const idle = !running;
    running = value && points.length > 0;
    if (running && idle) setTimeout(slice);
  },
};

onmessage = ({ data }) => {
  try {
    for (const [name, value] of Object.entries(data)) handlers[name](value);
    show();
  } catch (error) {
    postMessage({ failed: error.message });
  }
};
const module = performance.getEntriesByType("resource").find((entry) => entry.name.endsWith(".wasm"));
postMessage({ ready: { bytes: module?.decodedBodySize ?? 0, simd: module?.name.endsWith(".simd.wasm") ?? false } });
