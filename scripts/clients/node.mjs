// Node's fetch and FormData, as programs for the hosted API use them: only the host is changed.

const host = process.env.SERVER;
const key = { Authorization: 'Bearer sk-anything' };

function check(condition, what) {
  if (!condition) {
    console.error(`failed: ${what}`);
    process.exit(1);
  }
  console.log(`  ok: ${what}`);
}

// The width and height that a PNG file's header tells.
function size(png) {
  check(png.subarray(1, 4).toString() === 'PNG', 'a PNG file');
  return `${png.readUInt32BE(16)}x${png.readUInt32BE(20)}`;
}

async function ok(response) {
  if (response.status !== 200) check(false, `${response.url}: ${response.status} ${await response.text()}`);
  return response;
}

const form = new FormData();
form.append('prompt', 'a lighthouse above the sea');
form.append('output_format', 'png');
let response = await ok(await fetch(`${host}/v2beta/stable-image/generate/core`, {
  method: 'POST', headers: { ...key, Accept: 'image/*' }, body: form,
}));
const picture = Buffer.from(await response.arrayBuffer());
check(size(picture) === '256x256' && response.headers.get('finish-reason') === 'SUCCESS', 'version 2 draws from a form');

const engine = `${host}/v1/generation/stable-diffusion-v1-6`;
response = await ok(await fetch(`${engine}/text-to-image`, {
  method: 'POST', headers: { ...key, 'Content-Type': 'application/json', Accept: 'application/json' },
  body: JSON.stringify({ text_prompts: [{ text: 'a lighthouse' }], cfg_scale: 7, height: 320, width: 320, steps: 10, samples: 2 }),
}));
const { artifacts } = await response.json();
check(artifacts.length === 2 && artifacts.every((one) => size(Buffer.from(one.base64, 'base64')) === '320x320'),
  'version 1 draws from JSON');

const start = new FormData();
start.append('init_image', new Blob([picture], { type: 'image/png' }), 'start.png');
start.append('init_image_mode', 'IMAGE_STRENGTH');
start.append('image_strength', 0.35);
start.append('text_prompts[0][text]', 'a red lighthouse');
start.append('steps', 10);
response = await ok(await fetch(`${engine}/image-to-image`, {
  method: 'POST', headers: { ...key, Accept: 'application/json' }, body: start,
}));
const found = (await response.json()).artifacts[0];
check(size(Buffer.from(found.base64, 'base64')) === '256x256' && Number.isInteger(found.seed), 'and from a picture');

response = await fetch(`${host}/v2beta/stable-image/generate/core`, { method: 'POST', headers: key, body: new FormData() });
check(response.status === 400 && (await response.json()).name === 'bad_request', 'an empty form is refused');
