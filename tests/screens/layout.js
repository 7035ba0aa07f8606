// Looks at the page as it stands and returns what is wrong with it, in words. Lengths are millimetres.
() => {
  const LEAST = 16, PRIMARY = 20, GAP = 4, CONTRAST = 7, CAPITAL = 6.05, SLACK = 0.3; // EN 301 549 §5.1.4: 0.7° at 500 mm
  const html = document.documentElement;
  const mm = parseFloat(getComputedStyle(html).fontSize) / (8.7 * Number(html.dataset.scale));
  const faults = [];
  const least = (name, value) => (figures[name] = Math.min(figures[name] ?? Infinity, value)); // what a report tells
  const figures = (globalThis.figures = {});
  // Only for ears: what is clipped to a point, by class or in the largest letters.
  const veiled = (e) => e && (getComputedStyle(e).clipPath === "inset(50%)" || veiled(e.parentElement));
  const seen = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !e.closest(".unseen") && !veiled(e);
  const name = (e) => `${e.nodeName.toLowerCase()}${e.id ? "#" + e.id : ""}.${String(e.className.baseVal ?? e.className).replaceAll(" ", ".")} “${(e.textContent || e.value || "").trim().replace(/\s+/g, " ").slice(0, 30)}”`;
  const scroller = (e) => e.closest("[data-scroll]");
  const clipped = (r, e) => {
    const area = scroller(e);
    if (!area) return r;
    const a = area.getBoundingClientRect();
    const top = Math.max(r.top, a.top), bottom = Math.min(r.bottom, a.bottom);
    return bottom <= top ? null : new DOMRect(r.left, top, r.width, bottom - top);
  };
  const beyond = (inner, outer, slack) =>
    Math.max(outer.left - inner.left, inner.right - outer.right, outer.top - inner.top, inner.bottom - outer.bottom) > slack;

  if (html.scrollWidth > innerWidth || html.scrollHeight > innerHeight) faults.push("the page itself scrolls");

  // Areas that scroll say so with a button, and never sideways.
  for (const area of document.querySelectorAll("[data-scroll]")) {
    if (!seen(area)) continue;
    if (area.scrollWidth > area.clientWidth + 1) faults.push(`wider than its area: ${name(area)} ${area.scrollWidth} > ${area.clientWidth}`);
    const more = [...area.parentElement.children].find((child) => "more" in child.dataset);
    if (area.scrollHeight > area.clientHeight + 2 && !seen(more)) faults.push(`cut off without “more”: ${name(area)}`);
    if (area.clientHeight < 30 * mm && area.scrollHeight > area.clientHeight + 2) faults.push(`only ${Math.round(area.clientHeight / mm)} mm of a scrolling area are seen`);
  }

  // Words stay inside their box and the window.
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement;
    if (!node.data.trim() || !seen(parent) || parent.closest("script,#busy,#lost,svg")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = parent.closest("button,.row,a,.facts div,.note,.tone,.summary,.slate,header,nav,section,main");
    const ink = inkOf(node.data, parent);
    for (const line of range.getClientRects()) {
      if (line.width < 1) continue;
      const rect = new DOMRect(line.left, line.top + ink.above, line.width, line.height - ink.above - ink.below);
      const outer = box.getBoundingClientRect();
      if (beyond(rect, outer, 1) && !box.matches("section,main")) faults.push(`words leave their box: ${name(box)}`);
      const part = clipped(rect, parent);
      if (part && beyond(part, new DOMRect(0, 0, innerWidth, innerHeight), 1)) faults.push(`words leave the window: ${name(parent)}`);
      if (part) texts.push([part, parent]);
    }
    const style = getComputedStyle(parent);
    // Whose station it is and where it stands is not needed to use it.
    const capital = capitalOf(parent) / mm, place = Boolean(parent.closest(".agency"));
    least(place ? "place_mm" : "capital_mm", capital);
    if (capital < (place ? CAPITAL * 0.8 : CAPITAL)) faults.push(`capitals of ${capital.toFixed(2)} mm: ${name(parent)}`);
    const ratio = contrast(style.color, ground(parent));
    least("contrast", ratio);
    if (ratio < CONTRAST - 0.05) faults.push(`contrast ${ratio.toFixed(1)}: ${name(parent)}`);
  }
  for (const [n, [a, from]] of texts.entries())
    for (const [b, of] of texts.slice(n + 1)) {
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left), high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (from !== of && wide > 2 && high > Math.min(a.height, b.height) * 0.15) faults.push(`words over words: ${name(from)} / ${name(of)}`);
    }

  // Targets are large enough and apart.
  const targets = [...document.querySelectorAll("button,a[href],label.pick,input:not([type=radio],[type=checkbox]),textarea")]
    .filter((e) => seen(e))
    .map((e) => [e, clipped(e.getBoundingClientRect(), e), e.getBoundingClientRect()])
    .filter(([, rect]) => rect);
  for (const [e, , whole] of targets) {
    const bar = !e.matches(".primary,.row,.pick,.key:not(.letters .key)");
    const size = bar ? LEAST : PRIMARY;
    least(bar ? "target_mm" : "primary_mm", Math.min(whole.width, whole.height) / mm);
    if (Math.min(whole.width, whole.height) < (size - SLACK) * mm) faults.push(`target ${(whole.width / mm).toFixed(1)} × ${(whole.height / mm).toFixed(1)} mm: ${name(e)}`);
    if (beyond(whole, new DOMRect(0, -1e6, innerWidth, 2e6), 1)) faults.push(`target leaves the window: ${name(e)}`);
  }
  for (const [n, [a, , ra]] of targets.entries())
    for (const [b, , rb] of targets.slice(n + 1)) {
      if (a.contains(b) || b.contains(a) || scroller(a) !== scroller(b)) continue;
      const across = Math.max(ra.left, rb.left) - Math.min(ra.right, rb.right), down = Math.max(ra.top, rb.top) - Math.min(ra.bottom, rb.bottom);
      least("gap_mm", Math.max(across, down) / mm);
      if (Math.max(across, down) < (GAP - SLACK) * mm) faults.push(`${(Math.max(across, down) / mm).toFixed(1)} mm between ${name(a)} and ${name(b)}`);
    }
  return [...new Set(faults)];

  function capitalOf(e) {
    const style = getComputedStyle(e), pen = (globalThis.pen ??= document.createElement("canvas").getContext("2d"));
    pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    return pen.measureText("H").actualBoundingBoxAscent;
  }
  // How much of a line's height above and below is not printed on by these letters.
  function inkOf(words, e) {
    const style = getComputedStyle(e), pen = (globalThis.pen ??= document.createElement("canvas").getContext("2d"));
    pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const size = pen.measureText(style.textTransform === "uppercase" ? words.toUpperCase() : words);
    return { above: size.fontBoundingBoxAscent - size.actualBoundingBoxAscent, below: size.fontBoundingBoxDescent - size.actualBoundingBoxDescent };
  }
  function numbers(colour) {
    const [r, g, b, alpha = 1] = colour.match(/[\d.]+/g).map(Number);
    return [r, g, b, alpha];
  }
  function ground(e) {
    for (; e; e = e.parentElement) {
      const [r, g, b, alpha] = numbers(getComputedStyle(e).backgroundColor);
      if (alpha === 1) return `rgb(${r},${g},${b})`;
    }
    return "rgb(255,255,255)";
  }
  function contrast(one, other) {
    const light = (colour) => {
      const [r, g, b] = numbers(colour).slice(0, 3).map((c) => ((c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const [a, b] = [light(one), light(other)];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }
}
