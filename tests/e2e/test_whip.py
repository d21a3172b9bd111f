"""Sessions over plain HTTP: WHIP sends a microphone, WHEP listens to a session."""

from __future__ import annotations

from playwright.sync_api import Page

from serving import Server, wait_for
from tab import OpenTab, Tab

# Own scripts of a page that knows nothing of ours: the browser, and fetch.
CLIENT = """
window.whip = {
  peer: new RTCPeerConnection(),
  async post(path) {
    const offer = await this.peer.createOffer();
    await this.peer.setLocalDescription(offer);
    const answer = await fetch(path, {
      method: 'POST', headers: { 'Content-Type': 'application/sdp' }, body: offer.sdp,
    });
    this.place = answer.headers.get('Location');
    this.answer = await answer.text();
    if (answer.ok) await this.peer.setRemoteDescription({ type: 'answer', sdp: this.answer });
    return { status: answer.status, place: this.place, tag: answer.headers.get('ETag'),
      type: answer.headers.get('Content-Type'), sdp: this.answer };
  },
  async send() {
    const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const stream = await navigator.mediaDevices.getUserMedia({ audio });
    this.peer.addTrack(stream.getAudioTracks()[0], stream);
  },
  async restart(match) {
    const offer = await this.peer.createOffer({ iceRestart: true });
    await this.peer.setLocalDescription(offer);
    const line = (sdp, name) => sdp.match(new RegExp(`^a=${name}:.*$`, 'm'))[0].trim();
    const lines = ['ice-ufrag', 'ice-pwd'].map((name) => line(offer.sdp, name));
    const changed = await fetch(this.place, {
      method: 'PATCH',
      headers: { 'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': match },
      body: lines.join('\\r\\n') + '\\r\\n',
    });
    const body = await changed.text();
    if (changed.ok) {
      let sdp = this.answer;
      for (const name of ['ice-ufrag', 'ice-pwd']) {
        sdp = sdp.replaceAll(new RegExp(`^a=${name}:.*$`, 'gm'), line(body, name));
      }
      this.answer = sdp;
      await this.peer.setRemoteDescription({ type: 'answer', sdp });
    }
    return { status: changed.status, body, tag: changed.headers.get('ETag') };
  },
  async end() {
    return (await fetch(this.place, { method: 'DELETE' })).status;
  },
};
whip.peer.ontrack = ({ track }) => {
  whip.heard = new MediaStream([track]);
  const audio = new Audio();
  audio.srcObject = whip.heard;
  audio.play();
};
null
"""
HEARD = "whip.heard"
RENEWED = """
(async () => {
  const [, name] = whip.peer.localDescription.sdp.match(/a=ice-ufrag:(\\S+)/);
  return [...(await whip.peer.getStats()).values()].some((one) => one.type === 'transport'
    && one.iceLocalUsernameFragment === name && one.iceState === 'connected');
})()
"""


def client(open_tab: OpenTab, server: Server) -> Tab:
    tab = open_tab(server)
    tab.page.evaluate(CLIENT)
    return tab


def connected(page: Page) -> None:
    wait_for("a connection", lambda: page.evaluate("whip.peer.connectionState") == "connected")


def test_whip_opens_a_session_and_delete_ends_it(echo: Server, open_tab: OpenTab) -> None:
    tab = client(open_tab, echo)
    tab.page.evaluate("whip.send()")
    made = tab.page.evaluate("whip.post('/whip')")
    assert made["status"] == 201
    assert made["type"] == "application/sdp"
    (session,) = echo.sessions()
    assert made["place"] == f"/whip/{session['id']}"
    assert made["tag"].strip('"') in made["sdp"]
    connected(tab.page)
    tab.wait_for_tone(HEARD)
    assert tab.page.evaluate("whip.end()") == 200
    echo.wait_for_sessions(0)
    assert tab.page.evaluate("whip.end()") == 404


def test_whip_restarts_ice_and_the_tone_goes_on(echo: Server, open_tab: OpenTab) -> None:
    tab = client(open_tab, echo)
    tab.page.evaluate("whip.send()")
    made = tab.page.evaluate("whip.post('/whip')")
    connected(tab.page)
    tab.wait_for_tone(HEARD)
    changed = tab.page.evaluate("whip.restart('*')")
    assert changed["status"] == 200, changed
    assert changed["tag"] != made["tag"]
    assert changed["tag"].strip('"') in changed["body"]
    wait_for("a check with the new name", lambda: tab.page.evaluate(RENEWED))
    tab.wait_for_tone(HEARD)
    assert len(echo.sessions()) == 1


def test_whep_lets_another_page_listen(echo: Server, open_tab: OpenTab) -> None:
    open_tab(echo).start()
    (session,) = echo.sessions()
    listener = client(open_tab, echo)
    listener.page.evaluate("whip.peer.addTransceiver('audio', { direction: 'recvonly' }) && null")
    made = listener.page.evaluate("(path) => whip.post(path)", f"/whep/{session['id']}")
    assert made["status"] == 201, made
    assert made["place"].startswith("/whep/resource/")
    connected(listener.page)
    listener.wait_for_tone(HEARD)
    heard = next(one for one in echo.sessions() if one["id"] == session["id"])
    assert heard["listeners"] == 1
    assert listener.page.evaluate("whip.end()") == 200
    echo.wait_for_sessions(1)


def test_whep_of_a_session_that_is_not_there_is_refused(echo: Server, open_tab: OpenTab) -> None:
    tab = client(open_tab, echo)
    tab.page.evaluate("whip.peer.addTransceiver('audio', { direction: 'recvonly' }) && null")
    assert tab.page.evaluate("whip.post('/whep/none')")["status"] == 404
