// Reads the code that tramkit_hal.framecode draws into a picture; the layout is described there.
// readFrameCode(imageData) → {sequence, stampUs} or null.
function readFrameCode({ data, width, height }) {
  const COLUMNS = 64, ROWS = 36, BITS = 32, LINES = 3;
  const edge = (size, parts, part) => Math.round((size * part) / parts);
  const middle = (size, parts, part) => {
    const start = edge(size, parts, part), end = edge(size, parts, part + 1);
    const quarter = Math.floor((end - start) / 4);
    return [start + quarter, Math.max(end - quarter, start + quarter + 1)];
  };
  const crc16 = (bytes) => {
    let crc = 0xffff;
    for (const byte of bytes) {
      crc ^= byte << 8;
      for (let i = 0; i < 8; i++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
    }
    return crc;
  };
  for (const first of [1, 32]) {
    const bytes = new Array(12).fill(0);
    let readable = true;
    for (let line = 0; line < LINES && readable; line++) {
      const [top, bottom] = middle(height, ROWS, first + line);
      const mean = (cell) => {
        const [left, right] = middle(width, COLUMNS, 1 + cell);
        let sum = 0, count = 0;
        for (let y = top; y < bottom; y++)
          for (let x = left; x < right; x++, count++) sum += data[(y * width + x) * 4 + 1];
        return sum / count;
      };
      const white = mean(0), black = mean(1);
      if (white - black < 40) { readable = false; break; }
      for (let bit = 0; bit < BITS; bit++)
        if (mean(2 + bit) > (white + black) / 2) bytes[line * 4 + (bit >> 3)] |= 0x80 >> (bit & 7);
    }
    if (!readable || crc16(bytes.slice(0, 10)) !== ((bytes[10] << 8) | bytes[11])) continue;
    const number = (from, to) => bytes.slice(from, to).reduce((sum, byte) => sum * 256 + byte, 0);
    return { sequence: number(0, 4), stampUs: number(4, 10) };
  }
  return null;
}
