/** A chart of values over the last minute: lines on a logarithmic axis, or stacked bands. */

import {
  bandPath, decadeTicks, linePath, linearTicks, stack, verticalScale,
} from './scales.js';
import { nearestRow } from './series.js';

const SVG = 'http://www.w3.org/2000/svg';
const MARGIN = { left: 52, right: 10, top: 10, bottom: 22 };
const TIME_STEP_S = 15;

function svg(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

/**
 * @typedef {{key: string, colour: number, dashed?: boolean}} ChartSeries `colour` is 0 to 7
 * @typedef {{time_s: number, values: Record<string, number | null>}} Row
 */

export class Chart {
  #svg;
  #options;
  #series = [];
  #rows = [];
  #cursor_share = null;
  #size = { width: 600, height: 220 };

  /**
   * @param {SVGSVGElement} element
   * @param {{span_s: number, stacked: boolean, format: (value: number) => string,
   *   describe: () => string, onCursor: (row: Row | null) => void}} options `describe` gives the
   *   chart in words; `onCursor` is called with the row under the pointer, null for the newest
   */
  constructor(element, options) {
    this.#svg = element;
    this.#options = options;
    new ResizeObserver(([entry]) => this.#resize(entry.contentRect)).observe(element);
    element.addEventListener('pointermove', (event) => this.#point(event.offsetX));
    element.addEventListener('pointerleave', () => this.#point(null));
  }

  /**
   * @param {ChartSeries[]} series from the lowest band up
   * @param {ReadonlyArray<Row>} rows in the order of time
   */
  update(series, rows) {
    this.#series = series;
    this.#rows = rows;
    this.#draw();
  }

  get #plot() {
    const width = Math.max(40, this.#size.width - MARGIN.left - MARGIN.right);
    const height = Math.max(40, this.#size.height - MARGIN.top - MARGIN.bottom);
    return { width, height };
  }

  #resize({ width, height }) {
    if (width === 0) return;
    this.#size = { width, height };
    this.#svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.#draw();
  }

  #point(offset_x) {
    const share = offset_x === null ? null : (offset_x - MARGIN.left) / this.#plot.width;
    this.#cursor_share = share !== null && share >= 0 && share <= 1 ? share : null;
    this.#draw();
  }

  #cursorRow() {
    if (this.#cursor_share === null || this.#rows.length === 0) return null;
    const { span_s } = this.#options;
    return nearestRow(this.#rows, this.#rows.at(-1).time_s - span_s * (1 - this.#cursor_share));
  }

  #draw() {
    const { width, height } = this.#plot;
    const newest_s = this.#rows.at(-1)?.time_s ?? 0;
    const { span_s } = this.#options;
    const x = (time_s) => width * (1 - (newest_s - time_s) / span_s);
    const axis = this.#axis();
    const y = verticalScale({ ...axis, height });
    const cursor = this.#cursorRow();
    const inside = svg('g', { transform: `translate(${MARGIN.left} ${MARGIN.top})` });
    inside.append(
      ...this.#grid(axis, y),
      ...(this.#options.stacked ? this.#bands(x, y) : this.#lines(x, y)),
    );
    if (cursor) {
      const at = x(cursor.time_s);
      inside.append(svg('line', { class: 'cursor', x1: at, x2: at, y1: 0, y2: height }));
    }
    if (this.#rows.length === 0) inside.append(this.#emptyText());
    this.#svg.replaceChildren(inside);
    this.#svg.setAttribute('aria-label', this.#options.describe());
    this.#options.onCursor(cursor);
  }

  #axis() {
    const keys = this.#series.map((series) => series.key);
    if (this.#options.stacked) {
      const sums = this.#rows.map((row) => stack(row.values, keys).at(-1)?.high ?? 0);
      const { top, ticks } = linearTicks(Math.max(0, ...sums) * 1.05 || 100);
      return { bottom: 0, top, ticks, logarithmic: false };
    }
    const values = this.#rows
      .flatMap((row) => keys.map((key) => row.values[key]))
      .filter((value) => value > 0);
    const range = values.length ? [Math.min(...values), Math.max(...values)] : [1, 1000];
    return { ...decadeTicks(...range), logarithmic: true };
  }

  #grid({ ticks }, y) {
    const { width, height } = this.#plot;
    const { span_s, format } = this.#options;
    const elements = ticks.flatMap((tick) => [
      svg('line', { class: 'grid', x1: 0, x2: width, y1: y(tick), y2: y(tick) }),
      svg('text', { class: 'tick', x: -8, y: y(tick), dy: '0.32em', 'text-anchor': 'end' },
        format(tick)),
    ]);
    for (let ago_s = 0; ago_s <= span_s; ago_s += TIME_STEP_S) {
      const at = width * (1 - ago_s / span_s);
      const anchor = ago_s === 0 ? 'end' : ago_s === span_s ? 'start' : 'middle';
      const label = ago_s === 0 ? 'now' : `−${ago_s} s`;
      elements.push(
        svg('line', { class: 'grid', x1: at, x2: at, y1: height, y2: height + 4 }),
        svg('text', { class: 'tick', x: at, y: height + 17, 'text-anchor': anchor }, label),
      );
    }
    return elements;
  }

  #lines(x, y) {
    return this.#series.map(({ key, colour, dashed }) => {
      const points = this.#rows.map(({ time_s, values }) => {
        const value = values[key] ?? null;
        return { x: x(time_s), y: value === null || value <= 0 ? null : y(value) };
      });
      return svg('path', {
        class: `line colour-${colour}${dashed ? ' dashed' : ''}`, d: linePath(points),
      });
    });
  }

  #bands(x, y) {
    const keys = this.#series.map((series) => series.key);
    const stacks = this.#rows.map((row) => ({ at: x(row.time_s), bands: stack(row.values, keys) }));
    const place = (value) => (value === null ? null : y(value));
    return this.#series.flatMap(({ colour }, index) => {
      const points = stacks.map(({ at, bands }) => ({
        x: at, low: place(bands[index].low), high: place(bands[index].high),
      }));
      const edge = points.map((point) => ({ x: point.x, y: point.high }));
      return [
        svg('path', { class: `band colour-${colour}`, d: bandPath(points) }),
        svg('path', { class: `line colour-${colour}`, d: linePath(edge) }),
      ];
    });
  }

  #emptyText() {
    const { width, height } = this.#plot;
    return svg('text', {
      class: 'empty', x: width / 2, y: height / 2, 'text-anchor': 'middle',
    }, 'No figures yet');
  }
}
