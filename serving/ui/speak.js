// The microphone beside the text box. It records until it is pressed again, or for as long as is taken; the recording
// goes to the API of the chat, and its words into the text box. They are never sent from here.
const mouth = element.querySelector("[data-speak]");
const told = element.querySelector("[role=status]");
const RATE = 16000;
let recorder = null;

class Unheard extends Error {
  constructor(detail, fix) {
    super(detail);
    this.fix = fix;
  }
}

const shows = (state, label) => {
  mouth.setAttribute("aria-pressed", String(state === "records"));
  mouth.toggleAttribute("aria-busy", state === "waits");
  mouth.disabled = state === "waits";
  mouth.setAttribute("aria-label", label);
  mouth.title = label;
  told.textContent = state === "idle" ? "" : label;
};
const idle = () => shows("idle", "Speak your message");

// 16-bit PCM of one channel: what the service takes.
const wavOf = (sound) => {
  const channels = Array.from({ length: sound.numberOfChannels }, (_, n) => sound.getChannelData(n));
  const bytes = new DataView(new ArrayBuffer(44 + 2 * sound.length));
  const write = (place, text) => [...text].forEach((mark, n) => bytes.setUint8(place + n, mark.charCodeAt(0)));
  write(0, "RIFF");
  bytes.setUint32(4, 36 + 2 * sound.length, true);
  write(8, "WAVEfmt ");
  [[16, 16, 4], [20, 1, 2], [22, 1, 2], [24, RATE, 4], [28, 2 * RATE, 4], [32, 2, 2], [34, 16, 2]].forEach(
    ([place, value, size]) => (size === 4 ? bytes.setUint32(place, value, true) : bytes.setUint16(place, value, true)),
  );
  write(36, "data");
  bytes.setUint32(40, 2 * sound.length, true);
  for (let n = 0; n < sound.length; n += 1) {
    const mean = channels.reduce((sum, channel) => sum + channel[n], 0) / channels.length;
    bytes.setInt16(44 + 2 * n, 32767 * Math.max(-1, Math.min(1, mean)), true);
  }
  return new Blob([bytes], { type: "audio/wav" });
};

// Decoding brings the sound to the rate of the context; no more than what is taken stays.
const soundOf = async (pieces) => {
  const context = new OfflineAudioContext(1, 1, RATE);
  const sound = await context.decodeAudioData(await new Blob(pieces).arrayBuffer());
  const length = Math.min(sound.length, Math.floor(Number(mouth.dataset.longest) * RATE));
  const kept = new AudioBuffer({ length, numberOfChannels: sound.numberOfChannels, sampleRate: RATE });
  for (let n = 0; n < sound.numberOfChannels; n += 1) kept.copyToChannel(sound.getChannelData(n).subarray(0, length), n);
  return kept;
};

const wordsOf = async (recording, chat) => {
  const body = new FormData();
  body.append("file", recording, "speech.wav");
  const response = await fetch(`/api/v1/chats/${encodeURIComponent(chat)}/speech`, { method: "POST", body });
  const answer = await response.json();
  if (!response.ok) throw new Unheard(answer.detail, answer.fix ?? "Type the message instead.");
  if (!answer.text) throw new Unheard("no words were heard", "Speak again, nearer to the microphone, or type.");
  return answer.text;
};

const written = (words) => {
  const field = document.querySelector("#message textarea");
  const before = field.value.trimEnd();
  const most = field.maxLength > 0 ? field.maxLength : Infinity;
  field.value = (before ? `${before} ${words}` : words).slice(0, most);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
};

const finished = async (pieces) => {
  shows("waits", "Listening to what you said");
  let here = {};
  try {
    const address = new URLSearchParams(location.search);
    here = await server.place(JSON.stringify({ user: address.get("user") ?? "", chat: address.get("chat") ?? "" }));
    if (!here.chat) throw new Unheard(here.detail, here.fix);
    const words = await wordsOf(wavOf(await soundOf(pieces)), here.chat);
    trigger("heard", here);
    written(words);
  } catch (error) {
    const [detail, fix] =
      error instanceof Unheard ? [error.message, error.fix] : ["the recording did not arrive", "Try again, or type."];
    trigger("unheard", { ...here, detail, fix });
  } finally {
    idle();
  }
};

const begin = async () => {
  mouth.disabled = true;
  let microphone;
  try {
    if (!navigator.mediaDevices) throw new Unheard("the browser gives no microphone here", "Open the page over https.");
    microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
    recorder = new MediaRecorder(microphone);
  } catch (error) {
    microphone?.getTracks().forEach((track) => track.stop());
    const known = error instanceof Unheard;
    const detail = known ? error.message : "the microphone could not be used";
    trigger("unheard", { detail, fix: known ? error.fix : "Allow it in the browser, or type." });
    idle();
    return;
  }
  const pieces = [];
  const end = setTimeout(() => recorder?.stop(), 1000 * Number(mouth.dataset.longest));
  recorder.addEventListener("dataavailable", (piece) => pieces.push(piece.data));
  recorder.addEventListener("stop", () => {
    clearTimeout(end);
    microphone.getTracks().forEach((track) => track.stop());
    recorder = null;
    finished(pieces);
  });
  recorder.start();
  mouth.disabled = false;
  shows("records", "Stop and write it down");
};

mouth.addEventListener("click", () => (recorder ? recorder.stop() : begin()));
