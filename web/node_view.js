/** What each node of the pipeline costs: a chart over the last minute and a table. */

import { Chart } from './chart.js';
import { formatCount, formatMicroseconds, formatTick } from './format.js';
import { SeriesWindow, largest, recentAverage } from './series.js';

const SPAN_S = 60;
const COLOURS = 8;

const averageKey = (node) => `avg ${node.node_id}`;
const p95Key = (node) => `p95 ${node.node_id}`;

export class NodeView {
  #window = new SeriesWindow(SPAN_S, SPAN_S * 4);
  #chart;
  #body = document.getElementById('node-rows');
  /** @type {import('./messages.js').NodeFigures[]} */
  #nodes = [];
  #colours = new Map();
  #shown = new Set();
  /** The cells of the two columns that follow the pointer in the chart. */
  #cells = new Map();

  constructor() {
    this.#chart = new Chart(document.getElementById('node-chart'), {
      span_s: SPAN_S,
      stacked: false,
      format: formatTick,
      describe: () => this.#describe(),
      onCursor: (row) => this.#showFollowing(row ?? this.#window.rows.at(-1)),
    });
    this.clear();
  }

  clear() {
    this.#window.clear();
    this.#nodes = [];
    this.#colours.clear();
    this.#body.replaceChildren(emptyRow());
    this.#chart.update([], []);
  }

  /**
   * @param {number} time_s on the page's clock
   * @param {import('./messages.js').NodeFigures[]} nodes cumulative figures
   */
  add(time_s, nodes) {
    if (nodes.length === 0) return;
    const before = new Map(this.#nodes.map((node) => [node.node_id, node]));
    const values = {};
    for (const node of nodes) {
      if (!this.#colours.has(node.node_id)) {
        this.#colours.set(node.node_id, this.#colours.size % COLOURS);
      }
      values[averageKey(node)] = recentAverage(before.get(node.node_id), node);
      values[p95Key(node)] = node.p95_duration_us;
    }
    this.#nodes = nodes;
    this.#window.add(time_s, values);
    const costs = nodes.map((node) => ({ key: node.node_id, value: node.p95_duration_us }));
    this.#shown = largest(costs, COLOURS);
    this.#fillTable();
    this.#chart.update(this.#series(), this.#window.rows);
  }

  #series() {
    return this.#nodes.filter((node) => this.#shown.has(node.node_id)).flatMap((node) => {
      const colour = this.#colours.get(node.node_id);
      return [
        { key: averageKey(node), colour },
        { key: p95Key(node), colour, dashed: true },
      ];
    });
  }

  #fillTable() {
    this.#cells.clear();
    this.#body.replaceChildren(...this.#nodes.map((node) => this.#row(node)));
  }

  #row(node) {
    const row = document.createElement('tr');
    const name = document.createElement('th');
    name.scope = 'row';
    if (this.#shown.has(node.node_id)) {
      const swatch = document.createElement('span');
      swatch.className = `swatch colour-${this.#colours.get(node.node_id)}`;
      name.append(swatch);
    }
    const type = document.createElement('span');
    type.className = 'type';
    type.textContent = node.node_type;
    name.append(node.node_id, type);
    const average = cell('');
    const p95 = cell('');
    this.#cells.set(node.node_id, { average, p95 });
    row.append(
      name,
      average,
      cell(formatMicroseconds(node.p50_duration_us)),
      p95,
      cell(formatMicroseconds(node.p99_duration_us)),
      cell(formatCount(node.execution_count)),
      cell(formatCount(node.error_count), node.error_count > 0),
      cell(formatCount(node.drop_count), node.drop_count > 0),
    );
    return row;
  }

  #showFollowing(row) {
    for (const node of this.#nodes) {
      const cells = this.#cells.get(node.node_id);
      if (!cells || !row) continue;
      cells.average.textContent = formatMicroseconds(row.values[averageKey(node)]);
      cells.p95.textContent = formatMicroseconds(row.values[p95Key(node)]);
    }
  }

  #describe() {
    const newest = this.#window.rows.at(-1);
    if (!newest) return 'Time per node over the last minute: no figures yet';
    const figures = this.#nodes.map((node) => `${node.node_id} `
      + `${formatMicroseconds(newest.values[averageKey(node)])}, 95th percentile `
      + `${formatMicroseconds(newest.values[p95Key(node)])}`);
    return `Time per node over the last minute, logarithmic. Now: ${figures.join('; ')}. `
      + 'The table that follows has all figures.';
  }
}

function cell(text, alarming = false) {
  const element = document.createElement('td');
  element.textContent = text;
  if (alarming) element.className = 'alarming';
  return element;
}

function emptyRow() {
  const row = document.createElement('tr');
  const element = cell('The nodes and their times appear when a session runs.');
  element.colSpan = 8;
  element.className = 'none';
  row.append(element);
  return row;
}
