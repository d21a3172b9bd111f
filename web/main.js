/** Joins the parts of the page. */

import { checkAddress, isOwnServer } from './address.js';
import { Call } from './call.js';
import { Conversation } from './conversation.js';
import { canChooseSpeaker, listDevices, openMicrophone, watchDevices } from './devices.js';
import { errorText, parseMessage } from './messages.js';
import { Monitor, showPipeline } from './monitor.js';
import { Playback } from './playback.js';
import { Problem, addressProblem, unpluggedProblem } from './problems.js';
import { microphoneWanted, restoreSettings, storeSettings } from './settings.js';
import { SoundView } from './sound_view.js';
import { showPhase, showProblem } from './status.js';

const byId = (id) => document.getElementById(id);

const sound = new SoundView();
const monitor = new Monitor();
const playback = new Playback(byId('returned'));
const conversation = new Conversation(
  { list: byId('log'), form: byId('write'), box: byId('text'), hint: byId('text-hint') },
  (text) => call?.send({ type: 'message', message: text, timestamp: Date.now() }) ?? false,
);

/** @type {Call | null} */
let call = null;
/** @type {MediaStreamTrack | null} */
let microphone = null;
const narrow = matchMedia('(max-width: 760px)');

/** Grows with each Start and Stop, so that a late microphone finds that nobody waits for it. */
let attempt = 0;

async function start() {
  if (call || document.body.dataset.phase !== 'idle') return;
  attempt += 1;
  const mine = attempt;
  showProblem(null);
  playback.prepare();
  sound.prepare();
  try {
    const checked = checkAddress(byId('address').value, location);
    if ('fault' in checked) throw addressProblem(checked.fault);
    showPhase('microphone');
    const track = await openMicrophone(microphoneWanted());
    if (mine !== attempt) return track.stop();
    takeMicrophone(track);
    sound.start(track);
    await refreshDevices();
    if (mine !== attempt) return undefined;
    conversation.add('system', `Connecting to ${checked.url.host}`);
    const made = new Call(callHandlers);
    call = made;
    monitor.start(() => made.stats());
    await made.start({ url: checked.url, token: byId('token').value.trim(), track });
  } catch (error) {
    if (mine === attempt) end(error instanceof Problem ? error : unexpected(error));
  }
  return undefined;
}

function stop() {
  attempt += 1;
  if (call) call.stop();
  else end(null);
}

function end(problem) {
  call = null;
  monitor.stop();
  sound.stop();
  playback.stop();
  takeMicrophone(null);
  byId('sound-wanted').hidden = true;
  conversation.setWritable(false, 'Press Start to write to the server.');
  showPhase('idle');
  showProblem(problem);
  if (problem) conversation.add('error', `${problem.message}. ${problem.advice}`);
  else conversation.add('system', 'Stopped');
}

const unexpected = (error) => new Problem(
  'Something unexpected went wrong', `${error.message}. Reload the page and try again.`,
);

const callHandlers = {
  onPhase: (phase) => {
    if (phase === 'ended') return;
    showPhase(phase);
    if (phase === 'running') conversation.add('system', 'Audio flows');
    if (phase === 'running' && narrow.matches) byId('setup').open = false;
    if (phase === 'restoring') conversation.add('system', 'Connection interrupted, restoring it');
  },
  onEnd: end,
  onTrack: async (track) => {
    sound.attachReturned(track);
    byId('sound-wanted').hidden = await playback.play(track);
  },
  onChannel: (open) => {
    if (open) call?.send({ type: 'greeting', message: 'Hello from the page' });
    else conversation.add('system', 'The message channel was closed');
    conversation.setWritable(open, open ? '' : 'The message channel is closed.');
  },
  onMessage: (json) => {
    const message = parseMessage(json);
    if (message) show[message.type](message);
  },
};

/** What is done with each message of the server. */
const show = {
  session: (session) => {
    showPipeline(session);
    const hint = session.accepts_text ? '' : 'This pipeline takes no text.';
    conversation.setWritable(session.accepts_text, hint);
  },
  vad: (message) => sound.addSpeech(message),
  text_response: ({ text }) => conversation.add('received', text),
  metrics: (message) => monitor.addMetrics(message),
  error: (error) => conversation.add('error', errorText(error)),
  other: ({ value }) => conversation.addObject(value),
};

function takeMicrophone(track) {
  if (microphone) {
    microphone.onended = null;
    microphone.stop();
  }
  microphone = track;
  if (!track) return;
  track.onended = () => showProblem(unpluggedProblem());
  track.enabled = byId('mute-microphone').getAttribute('aria-pressed') !== 'true';
}

async function changeMicrophone() {
  storeSettings();
  if (!call) return;
  const mine = attempt;
  try {
    const track = await openMicrophone(microphoneWanted());
    if (mine !== attempt) {
      track.stop();
      return;
    }
    await call.replaceTrack(track);
    takeMicrophone(track);
    sound.replaceSent(track);
    showProblem(null);
  } catch (error) {
    showProblem(error instanceof Problem ? error : unexpected(error));
  }
}

async function refreshDevices(wanted = {}) {
  await listDevices(byId('microphone'), 'audioinput', wanted.microphone);
  await listDevices(byId('speaker'), 'audiooutput', wanted.speaker);
}

function applyVolume() {
  playback.setVolume(Number(byId('volume').value) / 100, byId('muted').checked);
  byId('volume-text').textContent = `${byId('volume').value} %`;
  storeSettings();
}

async function applySpeaker() {
  storeSettings();
  try {
    await playback.setSpeaker(byId('speaker').value);
  } catch {
    conversation.add('error', 'This loudspeaker cannot be used; the one before stays.');
  }
}

function toggleMicrophone() {
  const button = byId('mute-microphone');
  const muted = button.getAttribute('aria-pressed') !== 'true';
  button.setAttribute('aria-pressed', String(muted));
  if (microphone) microphone.enabled = !muted;
}

function listen() {
  byId('settings').addEventListener('submit', (event) => {
    event.preventDefault();
    start();
  });
  byId('stop').addEventListener('click', stop);
  byId('interrupt').addEventListener('click', () => {
    if (call?.send({ type: 'cancel' })) conversation.add('system', 'Interrupted the playback');
  });
  byId('mute-microphone').addEventListener('click', toggleMicrophone);
  byId('sound-on').addEventListener('click', async () => {
    sound.prepare();
    byId('sound-wanted').hidden = await playback.resume();
  });
  byId('problem-close').addEventListener('click', () => showProblem(null));
  for (const id of ['volume', 'muted']) byId(id).addEventListener('input', applyVolume);
  byId('speaker').addEventListener('change', applySpeaker);
  byId('address').addEventListener('change', storeSettings);
  for (const id of ['microphone', 'echo-cancellation', 'noise-suppression', 'auto-gain']) {
    byId(id).addEventListener('change', changeMicrophone);
  }
  window.addEventListener('pagehide', () => {
    if (document.body.dataset.phase !== 'idle') stop();
  });
  narrow.addEventListener('change', () => {
    byId('setup').open = true;
  });
  watchDevices(() => refreshDevices());
}

async function open() {
  const wanted = restoreSettings();
  byId('speaker-field').hidden = !canChooseSpeaker();
  showPhase('idle');
  listen();
  applyVolume();
  await refreshDevices(wanted);
  if (byId('speaker').value) await applySpeaker();
  if (!wanted.autostart) {
    conversation.add('system', 'Press Start: the server hears you, and you hear what it returns.');
    return;
  }
  if (isOwnServer(byId('address').value, location)) await start();
  else conversation.add('system', 'The link names another server: check it and press Start.');
}

open();
