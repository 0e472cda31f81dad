// test.mjs - one check after the other, each with a page of its own.
//   node test.mjs SITE OWN.csv LOOMC PLANE.json     SITE/page: what examples/browser/run made, OWN.csv its additional points
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [site, own, loomc, description] = process.argv.slice(2);
const { steps, digests } = JSON.parse(readFileSync(`${site}/page/native.json`));
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const nativeOf = (file) => digests[sha256(readFileSync(file))];
const setFile = (name) => `${site}/page/points/${name}.csv`;
const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

const text = (page, id) => page.locator(`#${id}`).textContent();
const number = async (page, id) => parseFloat((await text(page, id)).replace("\u202f", ""));
const becomes = (page, id, value) => page.locator(`#${id}`).getByText(value, { exact: true }).waitFor();
const button = (page, name) => page.getByRole("button", { name, exact: true });
const says = (page, words) => page.getByRole("status").filter({ hasText: words }).waitFor();
const steppedPast = (page, n) => page.waitForFunction((n) => parseInt(document.querySelector("#steps").textContent) > n, n);
const open = (page, file) => page.locator("#file").setInputFiles(file);

async function train(page) {
  await page.getByLabel("Full speed").check();
  await page.getByRole("button", { name: /^(Train|Continue)$/ }).click();
  await says(page, `Trained ${steps.toLocaleString("en").replace(",", "\u202f")} steps`);
}

async function fileOf(page, name) {
  const [download] = await Promise.all([page.waitForEvent("download"), button(page, name).click()]);
  return { name: download.suggestedFilename(), buffer: readFileSync(await download.path()), mimeType: "" };
}

const pointsOf = async (page) => (await fileOf(page, "Save points")).buffer.toString();

// A place of the plane, from -1 to 1, on the screen.
async function at(page, x, y) {
  const box = await page.locator("canvas").boundingBox();
  return [box.x + ((1 + x) / 2) * box.width, box.y + ((1 - y) / 2) * box.height];
}

// Which class the canvas shows there.
function tint(page, x, y) {
  return page.locator("canvas").evaluate((canvas, [x, y]) => {
    const [r, g, b] = canvas.getContext("2d").getImageData((canvas.width * (1 + x)) / 2, (canvas.height * (1 - y)) / 2, 1, 1).data;
    return r > g && r > b ? "orange" : g > b ? "green" : "blue";
  }, [x, y]);
}

// The text with the least contrast: [contrast, element].
function faintest() {
  const part = (n) => (n / 255 <= 0.04045 ? n / 255 / 12.92 : ((n / 255 + 0.055) / 1.055) ** 2.4);
  const light = (css) => {
    const [r, g, b] = css.match(/\d+/g).map(Number).map(part);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const ground = (e) => (/, 0\)$/.test(getComputedStyle(e).backgroundColor) ? ground(e.parentElement) : getComputedStyle(e).backgroundColor);
  const all = [...document.querySelectorAll("h1, h3, p, label, legend, dt, dd, figcaption, button:enabled, select, #verdict")].map((e) => {
    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))];
    return [Math.max(a, b) / Math.min(a, b), `${e.tagName} ${e.id}`];
  });
  return all.sort((a, b) => a[0] - b[0])[0];
}

const checks = {
  async "trains every set to the bits of native code"(page) {
    for (const set of ["spiral", "rings", "clouds"]) {
      await page.getByLabel("Set of points").selectOption(set);
      await becomes(page, "native", nativeOf(setFile(set)));
      await becomes(page, "steps", "0");
      await train(page);
      await becomes(page, "verdict", "✓ Same bits");
      assert.equal(await text(page, "here"), nativeOf(setFile(set)));
      assert.ok((await number(page, "right")) > 97, set);
      assert.match(await page.locator("#curve path").getAttribute("d"), /^M.*L.*L/);
    }
  },
  async "saves the file whose digest is shown; loomc reads it"(page) {
    await train(page);
    const file = await fileOf(page, "Save network"), name = `${site}/trained.loom`;
    assert.equal(sha256(file.buffer), await text(page, "here"));
    writeFileSync(name, file.buffer);
    const points = readFileSync(setFile("spiral"), "utf8").split("\n").slice(0, 32).map((line) => line.split(",").map(Number));
    const input = JSON.stringify(points.flatMap(([x, y]) => [x / 512, y / 512]));
    const { output } = JSON.parse(execFileSync(loomc, ["run", description, "--weights", name, "--input", "-"], { input }));
    points.forEach((p, i) => assert.equal([0, 1, 2].reduce((b, c) => (output[3 * i + c] > output[3 * i + b] ? c : b)), p[2]));
  },
  async "stops, saves, and goes on in another page: the same bits"(page, fresh) {
    await button(page, "Train").click();
    await steppedPast(page, 40);
    const file = await fileOf(page, "Save network"); // which stops it
    const stopped = await text(page, "steps"), other = await fresh();
    assert.ok((await number(page, "steps")) < steps);
    assert.equal(await text(page, "verdict"), "");
    await open(other, file);
    await becomes(other, "steps", stopped);
    await train(other);
    await becomes(other, "verdict", "✓ Same bits");
    assert.equal(await text(other, "here"), nativeOf(setFile("spiral")));
  },
  async "points drawn with the mouse are learned and saved"(page) {
    await button(page, "Clear").click();
    assert.ok(await button(page, "Train").isDisabled());
    const places = [["circles", -0.6, 0.5], ["triangles", 0.6, 0.5], ["squares", 0, -0.6]];
    for (const [shape, x, y] of places) {
      await page.getByLabel(shape).check();
      await page.mouse.move(...(await at(page, x - 0.1, y)));
      await page.mouse.down();
      await page.mouse.move(...(await at(page, x + 0.1, y)), { steps: 10 });
      await page.mouse.up();
    }
    await train(page);
    assert.equal(await number(page, "right"), 100);
    assert.equal(await text(page, "native"), "not known for these points");
    assert.equal(await text(page, "verdict"), "");
    for (const [i, [, x, y]] of places.entries()) assert.equal(await tint(page, x, y - 0.15), ["blue", "orange", "green"][i]);
    const lines = (await pointsOf(page)).trim().split("\n");
    assert.ok(lines.length >= 9 && lines.every((line) => /^-?\d+,-?\d+,[012]$/.test(line)), lines.join(" "));
  },
  async "points from a file, of which native code told the digest"(page) {
    await open(page, own);
    await says(page, "6 points from own.csv");
    await train(page);
    await becomes(page, "verdict", "✓ Same bits");
    assert.equal(await text(page, "here"), nativeOf(own));
    assert.equal(await pointsOf(page), readFileSync(own, "utf8"));
  },
  async "by keyboard alone"(page) {
    await button(page, "Clear").press("Enter");
    await page.locator("canvas").focus();
    for (const key of "1 Space ArrowLeft ArrowUp Space 2 ArrowRight ArrowRight Space 3 ArrowDown ArrowDown Space Space Backspace".split(" "))
      await page.keyboard.press(key);
    assert.equal(await pointsOf(page), "0,0,0\n-32,32,0\n32,32,1\n32,-32,2\n");
    await button(page, "Train").press("Space");
    await steppedPast(page, 8);
    await button(page, "Pause").press("Space");
    await says(page, "Paused after");
    await button(page, "Restart").press("Enter");
    await becomes(page, "steps", "0");
  },
  async "damaged files change nothing"(page) {
    await train(page);
    const here = await text(page, "here"), file = await fileOf(page, "Save network");
    file.buffer[300] ^= 1;
    await open(page, file);
    await says(page, "That cannot be: plane:");
    await open(page, { name: "bad.csv", mimeType: "", buffer: Buffer.from("1,2,0\n1,2\n") });
    await says(page, "line 2 is not x,y,class");
    assert.equal(await text(page, "here"), here);
    assert.equal(await page.getByLabel("Set of points").inputValue(), "spiral");
  },
  async "on a phone: no scrolling sideways, fingers draw"(page) {
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360);
    await button(page, "Clear").tap();
    await page.touchscreen.tap(...(await at(page, 0.5, 0.5)));
    const [x, y, label] = (await pointsOf(page)).trim().split(",").map(Number);
    assert.ok(Math.abs(x - 256) < 4 && Math.abs(y - 256) < 4 && label === 0, `${x},${y},${label}`);
    const heights = await page.getByRole("button").evaluateAll((all) => all.map((b) => b.getBoundingClientRect().height));
    assert.ok(Math.min(...heights) >= 44, `${heights}`);
  },
  async "everything has a name, and text has contrast by day and by night"(page) {
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      const [contrast, what] = await page.evaluate(faintest);
      assert.ok(contrast >= 4.5, `${colorScheme}: ${what} ${contrast}`);
    }
    const nameless = await page.locator("button, input, select, canvas, [role=img]").evaluateAll((all) =>
      all.filter((e) => !(e.textContent.trim() || e.ariaLabel || e.labels?.[0]?.textContent.trim())).map((e) => e.outerHTML));
    assert.deepEqual(nameless, []);
  },
};

const serve = ["-u", "-m", "http.server", "--bind", "127.0.0.1", "--directory", site, "0"];
const server = spawn("python3", serve, { stdio: ["ignore", "pipe", "ignore"] });
const port = /port (\d+)/.exec((await once(server.stdout, "data"))[0])[1], address = `http://127.0.0.1:${port}/page/`;
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-quic"] });
let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  const context = await browser.newContext(name.startsWith("on a phone") ? phone : {}), problems = [];
  context.setDefaultTimeout(60000);
  const fresh = async () => {
    const page = await context.newPage();
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("request", (r) => r.url().startsWith(address) || /^(blob|data):/.test(r.url()) || problems.push(`asks for ${r.url()}`));
    await page.goto(address);
    await says(page, "Ready.");
    return page;
  };
  try {
    await check(await fresh(), fresh);
    assert.deepEqual(problems, []);
  } catch (error) {
    failed++;
    console.log(`FAILED ${name}\n${error.stack}`);
  }
  await context.close();
}
await browser.close();
server.kill();
console.log(`${Object.keys(checks).length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
