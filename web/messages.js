/**
 * The messages of the protocol, read from text that is not trusted: a number that is none becomes
 * null, a missing list an empty one, and what has no known type is kept whole as `other`.
 */

const LONGEST_TEXT = 20_000;

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const number = (value) => (typeof value === 'number' && Number.isFinite(value) ? value : null);
const text = (value) => (typeof value === 'string' ? value.slice(0, LONGEST_TEXT) : '');
const list = (value) => (Array.isArray(value) ? value.filter(isObject) : []);

function parseObject(json) {
  try {
    const value = JSON.parse(json);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

const SESSION_NUMBERS = [
  'duration_s', 'delay_ms', 'jitter_buffer_ms', 'jitter_target_ms', 'queued_ms', 'rtt_ms',
  'loss_percent', 'peer_loss_percent', 'lost', 'recovered', 'late', 'longest_gap_ms',
  'concealed_ms',
];
const NODE_NUMBERS = [
  'execution_count', 'avg_duration_us', 'p50_duration_us', 'p95_duration_us', 'p99_duration_us',
  'error_count', 'drop_count',
];

function pickNumbers(source, names) {
  const from = isObject(source) ? source : {};
  return Object.fromEntries(names.map((name) => [name, number(from[name])]));
}

function readDrops(value) {
  return Object.entries(isObject(value) ? value : {})
    .filter(([, count]) => number(count) !== null && count > 0)
    .map(([reason, count]) => ({ reason, count }));
}

const nodeNames = (node) => ({ node_id: text(node.node_id), node_type: text(node.node_type) });

const readers = {
  session: (value) => ({
    session_id: text(value.session_id),
    version: text(value.version),
    pipeline: {
      name: text(value.pipeline?.name),
      nodes: list(value.pipeline?.nodes).map(nodeNames),
    },
    input_rate: number(value.input_rate),
    output_rate: number(value.output_rate),
    accepts_text: value.accepts_text !== false,
    barge_in: value.barge_in === true,
  }),
  vad: (value) => ({
    event: value.event === 'start' ? 'start' : 'end',
    time_s: number(value.time_s),
    node_id: text(value.node_id),
  }),
  text_response: (value) => ({ text: text(value.text) }),
  metrics: (value) => ({
    session: {
      ...pickNumbers(value.session, SESSION_NUMBERS),
      drops: readDrops(value.session?.drops),
    },
    processing_us: pickNumbers(value.processing_us, ['count', 'p50', 'p99', 'max']),
    nodes: list(value.nodes).map((node) => ({
      ...nodeNames(node),
      ...pickNumbers(node, NODE_NUMBERS),
    })),
  }),
  error: (value) => ({
    message: text(value.message),
    fatal: value.fatal === true,
    node_id: text(value.node_id),
    restarts: number(value.restarts) ?? 0,
  }),
};

/**
 * What the log says of an error.
 *
 * @param {{message: string, node_id: string, restarts: number}} error
 * @returns {string}
 */
export function errorText({ message, node_id, restarts }) {
  const what = node_id && !message.includes(`'${node_id}'`) ? `${node_id}: ${message}` : message;
  if (restarts < 1) return what;
  const often = restarts === 1 ? '' : `, for the ${restarts}. time`;
  return `${what}. The session goes on: its pipeline was started again${often}.`;
}

/**
 * @typedef {{node_id: string, node_type: string, execution_count: number | null,
 *   avg_duration_us: number | null, p50_duration_us: number | null,
 *   p95_duration_us: number | null, p99_duration_us: number | null,
 *   error_count: number | null, drop_count: number | null}} NodeFigures cumulative
 */

/**
 * Reads a message of the data channel.
 *
 * @param {string} json
 * @returns {{type: string, [field: string]: any} | null} `type` is session, vad, text_response,
 *   metrics, error or other (with the object as `value`); null if it is no JSON object
 */
export function parseMessage(json) {
  const value = parseObject(json);
  if (!value) return null;
  const read = Object.hasOwn(readers, value.type) ? readers[value.type] : null;
  if (!read) return { type: 'other', value };
  return { type: value.type, ...read(value) };
}

/**
 * Reads a message of the signalling WebSocket.
 *
 * @param {string} json
 * @returns {{type: 'answer', sdp: string, session_id: string}
 *   | {type: 'error', message: string, code: number | null, retry_after_s: number | null}
 *   | {type: 'closed', reason: string} | {type: 'unknown'}}
 */
export function parseSignal(json) {
  const value = parseObject(json);
  switch (value?.type) {
    case 'answer':
      return {
        type: 'answer',
        sdp: typeof value.sdp === 'string' ? value.sdp : '',
        session_id: text(value.session_id),
      };
    case 'error':
      return {
        type: 'error',
        message: text(value.message),
        code: number(value.code),
        retry_after_s: number(value.retry_after_s),
      };
    case 'closed':
      return { type: 'closed', reason: text(value.reason) };
    default:
      return { type: 'unknown' };
  }
}

/**
 * The subprotocols that a WebSocket asks for. A browser can send no header with it, so the token
 * travels as one of them.
 *
 * @param {string} token empty for none
 * @returns {string[]}
 */
export function subprotocols(token) {
  if (!token) return ['remotemedia'];
  const bytes = new TextEncoder().encode(token);
  const base64 = btoa(String.fromCharCode(...bytes));
  const base64url = base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  return ['remotemedia', `bearer.${base64url}`];
}
