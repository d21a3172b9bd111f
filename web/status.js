/** The line that says what the page is doing, and the box that says what went wrong. */

import { formatElapsed } from './format.js';

/** @typedef {'idle' | 'microphone' | import('./call.js').Phase} PagePhase */

const TEXTS = {
  idle: 'Not connected',
  ended: 'Not connected',
  microphone: 'Waiting for the microphone…',
  connecting: 'Connecting…',
  media: 'Opening the audio path…',
  running: 'Connected',
  restoring: 'Connection interrupted, restoring…',
};

const byId = (id) => document.getElementById(id);

let running_since_s = null;

/** @param {PagePhase} phase also in `data-phase` of the body, for style and tests */
export function showPhase(phase) {
  const name = phase === 'ended' ? 'idle' : phase;
  document.body.dataset.phase = name;
  byId('status-text').textContent = TEXTS[name];
  const active = name !== 'idle';
  const hadFocus = [byId('start'), byId('stop')].includes(document.activeElement);
  byId('start').hidden = active;
  byId('stop').hidden = !active;
  if (hadFocus) byId(active ? 'stop' : 'start').focus();
  for (const id of ['address', 'token']) byId(id).disabled = active;
  for (const id of ['interrupt', 'mute-microphone']) byId(id).disabled = name !== 'running';
  if (!active) running_since_s = null;
  if (name === 'running') running_since_s ??= performance.now() / 1000;
  showElapsed();
}

/** Writes how long the session has been running. */
export function showElapsed() {
  const text = running_since_s === null
    ? '' : formatElapsed(performance.now() / 1000 - running_since_s);
  if (byId('elapsed').textContent !== text) byId('elapsed').textContent = text;
}

/** @param {import('./problems.js').Problem | null} problem null takes the box away */
export function showProblem(problem) {
  byId('problem').hidden = problem === null;
  byId('problem-title').textContent = problem?.message ?? '';
  byId('problem-advice').textContent = problem?.advice ?? '';
}
