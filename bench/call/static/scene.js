// A worker that is a page's camera: draws the scene of scene.py thirty times a second, with a code in each frame, and
// writes it as I420 into a media track, as a camera's driver would. The code holds the number of the frame and when it
// was captured, in microseconds of the machine's clock (layout: tramkit_hal.framecode).

import { machineClock } from "/clock.js";

const WIDTH = 1280, HEIGHT = 720, FPS = 30, HEAD_WIDTH = 320, HEAD_HEIGHT = 400, SWING = 80, NOD = 24;
const CELL = 20;

self.onmessage = async ({ data: track }) => {
  const clock = await machineClock(location.host);
  self.postMessage(clock.error);
  await film(track, new Uint8Array(await (await fetch("/scene")).arrayBuffer()), clock);
};

async function film(track, planes, clock) {
  const writer = track.getWriter();
  const room = planes.subarray(0, WIDTH * HEIGHT * 1.5);
  const head = planes.subarray(room.length);
  const picture = new Uint8Array(room.length);
  const started = performance.now();
  for (let number = 0; ; number += 1) {
    const due = started + (number * 1000) / FPS;
    await new Promise((done) => { setTimeout(done, Math.max(0, due - performance.now())); });
    const now = performance.now();
    picture.set(room);
    drawHead(picture, head, number);
    drawFrameCode(picture, number, Math.round(clock.at(now) * 1e6));
    await writer.write(new VideoFrame(picture, {
      format: "I420", codedWidth: WIDTH, codedHeight: HEIGHT, timestamp: Math.round((now - started) * 1000),
    }));
  }
}

function drawHead(picture, head, number) {
  const left = (WIDTH - HEAD_WIDTH) / 2 + 2 * Math.round((SWING / 2) * Math.sin((2 * Math.PI * number) / 90));
  const top = (HEIGHT - HEAD_HEIGHT) / 2 + 40 + 2 * Math.round((NOD / 2) * Math.sin((2 * Math.PI * number) / 50));
  blit(picture, 0, WIDTH, left, top, head, 0, HEAD_WIDTH, HEAD_HEIGHT);
  let to = WIDTH * HEIGHT, from = HEAD_WIDTH * HEAD_HEIGHT;
  for (let plane = 0; plane < 2; plane += 1) {
    blit(picture, to, WIDTH / 2, left / 2, top / 2, head, from, HEAD_WIDTH / 2, HEAD_HEIGHT / 2);
    to += (WIDTH * HEIGHT) / 4;
    from += (HEAD_WIDTH * HEAD_HEIGHT) / 4;
  }
}

function blit(picture, to, stride, left, top, head, from, width, height) {
  for (let row = 0; row < height; row += 1) {
    const start = from + row * width;
    picture.set(head.subarray(start, start + width), to + (top + row) * stride + left);
  }
}

function drawFrameCode(luma, sequence, stampUs) {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, sequence);
  view.setUint16(4, Math.floor(stampUs / 2 ** 32));
  view.setUint32(6, stampUs % 2 ** 32);
  view.setUint16(10, crc16(bytes.subarray(0, 10)));
  for (const first of [1, 32]) {
    for (let line = 0; line < 3; line += 1) {
      for (let cell = 0; cell < 34; cell += 1) {
        const bit = cell - 2;
        const white = cell === 0 || (cell > 1 && bytes[line * 4 + (bit >> 3)] & (0x80 >> (bit & 7)));
        const left = (1 + cell) * CELL;
        for (let y = (first + line) * CELL; y < (first + line + 1) * CELL; y += 1) {
          luma.fill(white ? 235 : 16, y * WIDTH + left, y * WIDTH + left + CELL);
        }
      }
    }
  }
}

function crc16(bytes) {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let i = 0; i < 8; i += 1) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return crc;
}
