/** What is set on the page, kept in this browser; the access token is never kept. */

import { defaultAddress } from './address.js';

const KEY = 'remotemedia.settings';
const CHECKS = ['echo-cancellation', 'noise-suppression', 'auto-gain', 'muted'];
const VALUES = ['address', 'volume'];
const DEVICES = ['microphone', 'speaker'];

const field = (id) => /** @type {HTMLInputElement} */ (document.getElementById(id));

function readStored() {
  try {
    const value = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return value !== null && typeof value === 'object' ? value : {};
  } catch {
    return {};
  }
}

/**
 * Fills the form from the query, else from what was kept, else from the page's own address.
 *
 * @returns {{microphone: string, speaker: string, autostart: boolean}} wanted devices, and whether
 *   a link asks to start at once
 */
export function restoreSettings() {
  const stored = readStored();
  const query = new URLSearchParams(location.search);
  for (const id of CHECKS) {
    if (typeof stored[id] === 'boolean') field(id).checked = stored[id];
  }
  for (const id of VALUES) {
    if (typeof stored[id] === 'string' && stored[id]) field(id).value = stored[id];
  }
  field('address').value = query.get('ws') || field('address').value || defaultAddress(location);
  const device = (id) => (typeof stored[id] === 'string' ? stored[id] : '');
  return {
    microphone: device('microphone'),
    speaker: device('speaker'),
    autostart: query.get('autostart') === '1',
  };
}

/** Keeps the form. An address that follows from the page or from a link is not kept. */
export function storeSettings() {
  const kept = {};
  for (const id of CHECKS) kept[id] = field(id).checked;
  for (const id of [...VALUES, ...DEVICES]) kept[id] = field(id).value;
  const linked = new URLSearchParams(location.search).get('ws');
  if (kept.address === defaultAddress(location)) delete kept.address;
  if (linked && kept.address === linked) kept.address = readStored().address;
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // Without storage the page works, it only forgets.
  }
}

/** @returns {Parameters<typeof import('./devices.js').openMicrophone>[0]} */
export function microphoneWanted() {
  return {
    microphone: field('microphone').value,
    echoCancellation: field('echo-cancellation').checked,
    noiseSuppression: field('noise-suppression').checked,
    autoGainControl: field('auto-gain').checked,
  };
}
