// Masks in the browser: { width, height, data } with one byte a pixel, 1 for the product.

// Lengths of alternating runs, row by row, the first one outside the product (generation/rle.py writes them).
export function decode(counts, width, height) {
  const data = new Uint8Array(width * height);
  let at = 0;
  counts.forEach((length, index) => {
    if (index % 2) data.fill(1, at, at + length);
    at += length;
  });
  return { width, height, data };
}

// The part of the picture that the mask covers, 0 to 1.
export function share(mask) {
  let inside = 0;
  for (const value of mask.data) inside += value;
  return inside / mask.data.length;
}

// A one-channel picture of 0 and 255 as a mask.
export async function fromPicture(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
  const brush = canvas.getContext("2d");
  brush.drawImage(image, 0, 0);
  const pixels = brush.getImageData(0, 0, canvas.width, canvas.height).data;
  const data = new Uint8Array(canvas.width * canvas.height);
  for (let index = 0; index < data.length; index++) data[index] = pixels[4 * index] > 127 ? 1 : 0;
  return { width: canvas.width, height: canvas.height, data };
}

// The mask as a canvas of one colour, clear outside; drawn over the photo, or cut out of it.
export function painted(mask, colour) {
  const canvas = new OffscreenCanvas(mask.width, mask.height);
  const brush = canvas.getContext("2d");
  const pixels = brush.createImageData(mask.width, mask.height);
  for (let index = 0; index < mask.data.length; index++) pixels.data[4 * index + 3] = 255 * mask.data[index];
  brush.putImageData(pixels, 0, 0);
  brush.globalCompositeOperation = "source-in";
  brush.fillStyle = colour;
  brush.fillRect(0, 0, mask.width, mask.height);
  return canvas;
}
