// page.mjs - the page: what the visitor does goes to the worker, what the worker tells is shown.
import { Plane, curve } from "./drawing.mjs";

const $ = (id) => document.getElementById(id);
const most = 2000; // points
const say = (text) => ($("status").textContent = text);
const native = await described(); // { steps, digests: { SHA-256 of points as CSV: SHA-256 of the trained network's file } }
const plane = new Plane($("plane"), { add, key });
const worker = new Worker("worker.mjs", { type: "module" });

let points = []; // [x, y, class]
let losses = []; // [steps, mean loss of the last ones]
let frame = { steps: 0, running: false };
let saving = false; // the visitor wants the file: it comes when training rests

const csv = () => points.map((p) => `${p.join(",")}\n`).join("");
const short = (loss) => (loss < 0.001 ? loss.toExponential(1).replace("-", "\u2212") : loss.toFixed(3));
const thousands = (n) => n.toLocaleString("en").replaceAll(",", "\u202f");

async function described() {
  const response = await fetch("native.json");
  if (response.ok) return response.json();
  say("Here is only the page: examples/browser/run makes and serves all of it.");
  throw new Error(`native.json: HTTP status ${response.status}`);
}

async function sha256(data) {
  if (!globalThis.crypto?.subtle) return null; // pages that come over http from another machine
  const digest = await crypto.subtle.digest("SHA-256", data);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// ---- points ------------------------------------------------------------------------------------------------------------

function setPoints(list, name) {
  points = list;
  $("set").value = name;
  const flat = Int16Array.from(points.flat());
  plane.points = flat;
  worker.postMessage({ points: flat });
  $("undo").disabled = $("clear").disabled = $("export").disabled = points.length === 0;
}

function add(x, y) {
  if (points.length < most) setPoints([...points, [x, y, Number(chosen().value)]], "own");
  else say(`${thousands(most)} points are the most.`);
}

function undo() {
  if (points.length > 0) setPoints(points.slice(0, -1), "own");
}

const chosen = () => document.querySelector("input[name=class]:checked");

function key(name) {
  if (name === "Backspace") undo();
  else if (/^[123]$/.test(name)) document.querySelectorAll("input[name=class]")[name - 1].checked = true;
  else return false;
  return true;
}

function read(text) {
  const list = text.trim().split(/\s+/).map((line) => line.split(",").map(Number));
  const fine = (p) => p.length === 3 && p.every(Number.isInteger) && Math.abs(p[0]) <= 512 && Math.abs(p[1]) <= 512 && p[2] >= 0 && p[2] <= 2;
  const wrong = list.findIndex((p) => !fine(p));
  if (wrong >= 0) throw new Error(`line ${wrong + 1} is not x,y,class: whole numbers from -512 to 512, and 0, 1 or 2`);
  if (list.length > most) throw new Error(`${list.length} points, ${most} are the most`);
  return list;
}

async function choose(name) {
  const response = await fetch(`points/${name}.csv`);
  if (!response.ok) throw new Error(`points/${name}.csv: HTTP status ${response.status}`);
  setPoints(read(await response.text()), name);
}

// ---- what the worker tells ------------------------------------------------------------------------------------------------

async function show(next) {
  const before = frame;
  frame = next;
  if (next.steps < before.steps) losses = [];
  losses.push(...next.losses);
  plane.frame = next;
  $("steps").textContent = thousands(next.steps);
  $("loss").textContent = losses.length ? short(losses.at(-1)[1]) : "–";
  $("right").textContent = next.steps && next.count ? `${((100 * next.right) / next.count).toFixed(1)}\u202f%` : "–";
  $("curve").firstElementChild.setAttribute("d", curve(losses));
  $("span").textContent = losses.length ? `${thousands(losses.at(-1)[0])} steps` : "";
  $("train").textContent = next.running ? "Pause" : next.steps ? "Continue" : "Train";
  $("train").disabled = next.count === 0;
  $("restart").disabled = $("save").disabled = next.steps === 0;
  if (next.running) return;
  if (saving) download("plane.loom", next.file, "application/octet-stream");
  saving = false;
  await rest(before.running);
}

// Training rests: the digest of the file, and what native code has for these points.
async function rest(stopped) {
  const { file, steps } = frame;
  const [here, of] = await Promise.all([sha256(file), sha256(new TextEncoder().encode(csv()))]);
  if (file !== frame.file) return;
  const there = native.digests[of], done = steps === native.steps, same = done && here === there;
  $("curve").setAttribute("aria-label", losses.length ? `Loss after ${steps} steps: ${$("loss").textContent}` : "Loss: not trained yet");
  $("here").textContent = steps === 0 ? "–" : here ?? "needs https, or localhost";
  $("native").textContent = there ?? "not known for these points";
  document.querySelector(".digests").className = `digests${same ? " same" : done && there && here ? " different" : ""}`;
  $("verdict").textContent = !done || !there || !here ? "" : same ? "✓ Same bits" : "✗ Different";
  const what = `${done ? "Trained" : "Paused after"} ${thousands(steps)} steps: ${$("right").textContent} of the points are right.`;
  if (stopped) say(`${what} ${verdict(there, same, done)}`);
}

function verdict(there, same, done) {
  if (!there) return "Save the points, and examples/browser/run POINTS.csv tells the digest of native code.";
  if (!done) return `The digests can be compared after ${thousands(native.steps)} steps.`;
  return same ? "The weights are those of native code, bit for bit." : "Native code, with these points from the start, has other weights.";
}

worker.onmessage = ({ data: { ready, frame: next, failed } }) => {
  if (ready) {
    if (ready.bytes) $("module").textContent = `${(ready.bytes / 1000).toFixed(1)}\u00a0KB with training${ready.simd ? " and SIMD" : ""}`;
    $("open").disabled = false;
    choose("spiral").then(() => say("Ready."), (error) => say(error.message));
  }
  if (next) show(next);
  if (failed) say(`That cannot be: ${failed}`);
};
worker.onerror = (event) => say(`The network could not be loaded: ${event.message ?? "this browser lacks module workers"}`);

// ---- buttons and files ---------------------------------------------------------------------------------------------------

function download(name, data, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([data], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

async function open(file) {
  if (!file) return;
  if (file.name.endsWith(".csv")) {
    const list = read(await file.text());
    setPoints(list, "own");
    worker.postMessage({ reset: true });
    say(`${thousands(list.length)} points from ${file.name}.`);
  } else {
    worker.postMessage({ load: new Uint8Array(await file.arrayBuffer()) });
    say(`The network of ${file.name}.`);
  }
}

const complain = (error) => say(error.message);
$("set").onchange = () => $("set").value !== "own" && choose($("set").value).then(() => worker.postMessage({ reset: true }), complain);
$("undo").onclick = undo;
$("clear").onclick = () => (setPoints([], "own"), say("No points. Draw some."));
$("train").onclick = () => {
  worker.postMessage({ until: native.steps, fast: $("fast").checked, run: !frame.running });
  if (!frame.running) say("Training…");
};
$("fast").onchange = () => worker.postMessage({ fast: $("fast").checked });
$("restart").onclick = () => (worker.postMessage({ reset: true }), say("Fresh weights."));
$("save").onclick = () => {
  saving = true;
  worker.postMessage({ run: false });
};
$("export").onclick = () => download("points.csv", csv(), "text/csv");
$("open").onclick = () => $("file").click();
$("file").onchange = () => open($("file").files[0]).catch(complain).finally(() => ($("file").value = ""));
