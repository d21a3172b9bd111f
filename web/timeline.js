/** The last half minute: what was heard, where the server found speech, what came back. */

import { meterShare } from './levels.js';

const SPAN_S = 30;
const STEP_S = 0.05;
const AXIS_HEIGHT = 20;
const LABEL_WIDTH = 82;

export class Timeline {
  #canvas;
  #context;
  #speech;
  /** @type {{time_s: number, sent: number, returned: number}[]} shares of a meter */
  #levels = [];
  #newest_s = 0;
  #colours = null;
  #size = { width: 0, height: 0 };

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import('./speech_track.js').SpeechTrack} speech
   */
  constructor(canvas, speech) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d');
    this.#speech = speech;
    new ResizeObserver(([entry]) => this.#resize(entry.contentRect)).observe(canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.#colours = null;
      this.draw();
    });
  }

  clear() {
    this.#levels = [];
    this.#newest_s = 0;
    this.draw();
  }

  /**
   * @param {number} time_s on the page's clock
   * @param {number} sent_db RMS of the microphone, dBFS
   * @param {number} returned_db RMS of what came back
   */
  add(time_s, sent_db, returned_db) {
    this.#newest_s = time_s;
    const sent = meterShare(sent_db);
    const returned = meterShare(returned_db);
    const last = this.#levels.at(-1);
    if (last && time_s - last.time_s < STEP_S) {
      last.sent = Math.max(last.sent, sent);
      last.returned = Math.max(last.returned, returned);
      return;
    }
    this.#levels.push({ time_s, sent, returned });
    if (this.#levels.length > (SPAN_S + 1) / STEP_S) this.#levels.shift();
  }

  draw() {
    const { width, height } = this.#size;
    if (width === 0) return;
    this.#colours ??= readColours(this.#canvas);
    const draw = this.#context;
    draw.clearRect(0, 0, width, height);
    const plot_height = height - AXIS_HEIGHT;
    const rows = {
      sent: { top: 0, height: plot_height * 0.4 },
      speech: { top: plot_height * 0.44, height: plot_height * 0.14 },
      returned: { top: plot_height * 0.6, height: plot_height * 0.4 },
    };
    this.#axis(plot_height);
    this.#speechRow(rows.speech, plot_height);
    this.#levelRow(rows.sent, 'sent', this.#colours.sent);
    this.#levelRow(rows.returned, 'returned', this.#colours.returned);
    this.#label('Microphone', rows.sent);
    this.#label('Speech', rows.speech);
    this.#label('Returned', rows.returned);
  }

  #x(time_s) {
    const plot_width = this.#size.width - LABEL_WIDTH;
    return LABEL_WIDTH + plot_width * (1 - (this.#newest_s - time_s) / SPAN_S);
  }

  #axis(plot_height) {
    const draw = this.#context;
    draw.strokeStyle = this.#colours.grid;
    draw.fillStyle = this.#colours.text;
    draw.font = this.#colours.font;
    draw.textBaseline = 'bottom';
    draw.lineWidth = 1;
    for (let ago_s = 0; ago_s <= SPAN_S; ago_s += 5) {
      const at = Math.round(this.#x(this.#newest_s - ago_s)) - 0.5;
      draw.beginPath();
      draw.moveTo(at, 0);
      draw.lineTo(at, plot_height + 4);
      draw.stroke();
      if (ago_s % 10) continue;
      draw.textAlign = ago_s === 0 ? 'right' : ago_s === SPAN_S ? 'left' : 'center';
      draw.fillText(ago_s === 0 ? 'now' : `−${ago_s} s`, at, this.#size.height);
    }
  }

  #speechRow(row, plot_height) {
    const draw = this.#context;
    const intervals = this.#speech.between(this.#newest_s - SPAN_S, this.#newest_s);
    const nodes = [...new Set(intervals.map((interval) => interval.node_id))];
    const height = row.height / Math.max(1, nodes.length);
    for (const { node_id, start_s, end_s } of intervals) {
      const left = this.#x(start_s);
      const width = Math.max(2, this.#x(end_s) - left);
      draw.fillStyle = this.#colours.speech_area;
      draw.fillRect(left, 0, width, plot_height);
      draw.fillStyle = this.#colours.speech;
      draw.beginPath();
      draw.roundRect(left, row.top + nodes.indexOf(node_id) * height, width, height - 1, 3);
      draw.fill();
    }
  }

  #levelRow(row, key, colour) {
    const draw = this.#context;
    const middle = row.top + row.height / 2;
    const width = Math.max(1, (this.#x(STEP_S) - this.#x(0)) * 0.7);
    draw.fillStyle = colour;
    for (const level of this.#levels) {
      const left = this.#x(level.time_s);
      if (left < LABEL_WIDTH) continue;
      const half = Math.max(0.5, (level[key] * row.height) / 2);
      draw.fillRect(left - width, middle - half, width, half * 2);
    }
  }

  #label(text, row) {
    const draw = this.#context;
    draw.fillStyle = this.#colours.text;
    draw.font = this.#colours.font;
    draw.textAlign = 'left';
    draw.textBaseline = 'middle';
    draw.fillText(text, 0, row.top + row.height / 2);
  }

  #resize({ width, height }) {
    const scale = window.devicePixelRatio || 1;
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    this.#context.setTransform(scale, 0, 0, scale, 0, 0);
    this.#size = { width, height };
    this.draw();
  }
}

function readColours(element) {
  const style = getComputedStyle(element);
  const colour = (name) => style.getPropertyValue(name).trim();
  return {
    grid: colour('--line'),
    text: colour('--muted'),
    sent: colour('--series-0'),
    returned: colour('--series-1'),
    speech: colour('--speech'),
    speech_area: colour('--speech-area'),
    font: `12px ${style.fontFamily}`,
  };
}
