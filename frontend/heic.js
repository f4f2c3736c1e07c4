// HEIC, the format of an iPhone's photos, in the pickers of photos: the shop takes none, and a browser that can decode it turns
// each photo into a JPEG before it is sent. Where the browser cannot, the picker does not offer it and nothing happens here.

const TYPES = ["image/heic", "image/heif"];
const QUALITY = 0.92;
// What the shop takes at most, and a canvas of most browsers as well: 100 megapixels.
const MOST_PIXELS = 100_000_000;

const isHeic = ({ type, name }) => TYPES.includes(type) || (type === "" && /\.hei[cf]$/i.test(name));

// Asks the browser without a picture: by its decoder of images (WebCodecs), else by which of two sources a `<picture>` takes.
async function decodes(type) {
  if (window.ImageDecoder) return ImageDecoder.isTypeSupported(type);
  const picture = document.createElement("picture");
  const source = Object.assign(document.createElement("source"), { type, srcset: "data:,heic" });
  const image = new Image();
  picture.append(source, image);
  image.src = "data:,none";
  await image.decode().catch(() => undefined);
  return image.currentSrc === source.srcset;
}

async function converted(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  try {
    const { width, height } = picture;
    if (width * height > MOST_PIXELS) throw new Error("too many pixels");
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    canvas.getContext("2d").drawImage(picture, 0, 0);
    const jpeg = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    if (!jpeg) throw new Error("no JPEG");
    return new File([jpeg], `${file.name.replace(/\.hei[cf]$/i, "")}.jpg`, { type: "image/jpeg", lastModified: file.lastModified });
  } finally {
    picture.close();
  }
}

// Puts JPEG photos in the place of what was chosen; one that cannot be decoded is taken out, with a sentence.
async function convert(input, place) {
  const chosen = [...input.files];
  if (!chosen.some(isHeic)) return;
  const buttons = [...input.form.elements].filter(({ type }) => type === "submit");
  const enabled = buttons.filter((button) => !button.disabled);
  for (const button of enabled) button.disabled = true;
  place.replaceChildren("Turning HEIC into JPEG…");
  const kept = new DataTransfer();
  const lost = [];
  try {
    for (const file of chosen) {
      if (!isHeic(file)) {
        kept.items.add(file);
        continue;
      }
      // One at a time: each is decoded whole.
      const jpeg = await converted(file).catch(() => undefined);
      if (jpeg) kept.items.add(jpeg);
      else lost.push(file.name);
    }
    input.files = kept.files;
  } finally {
    for (const button of enabled) button.disabled = false;
  }
  place.replaceChildren();
  for (const name of lost) {
    const isolated = Object.assign(document.createElement("bdi"), { textContent: name });
    place.append(isolated, ": this browser cannot read it. Save it as JPEG and choose it again. ");
  }
}

const supported = (await Promise.all(TYPES.map(decodes))).some(Boolean);
for (const input of supported ? document.querySelectorAll("input[type=file][accept*='image/jpeg']") : []) {
  const place = input.parentElement.querySelector("[data-heic]");
  input.accept = [input.accept, ...TYPES, ".heic", ".heif"].join(",");
  // The hint beside the picker names what is taken.
  const hint = document.getElementById(input.getAttribute("aria-describedby"));
  if (hint) hint.textContent = hint.textContent.replace("WebP or AVIF", "WebP, AVIF or HEIC");
  input.addEventListener("change", () => convert(input, place));
}
