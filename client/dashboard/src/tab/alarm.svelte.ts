// Says aloud, in text and if wanted in sound, that there is a conflict which nobody has taken on, or an escalation.
import { itemsOf, unowned } from '../model/conflicts';
import { noticeText } from '../model/notice_text';
import type { Snapshot } from '../model/snapshot';

const SOUND_KEY = 'muster-sound';

export class Alarm {
  // For the assertive live region, and to be seen until somebody closes it.
  message = $state('');
  soundOn = $state(false);
  // For the polite live region.
  remark = $state('');
  // Sound is wanted, but the browser plays none until somebody has clicked or pressed a key here.
  soundBlocked = $state(false);
  #known: Set<string> | undefined;
  #looked: unknown;
  #context: AudioContext | undefined;

  constructor() {
    this.soundOn = localStorage.getItem(SOUND_KEY) === '1';
    this.soundBlocked = this.soundOn && navigator.userActivation?.hasBeenActive !== true;
    for (const touch of ['pointerdown', 'keydown']) addEventListener(touch, () => this.#unlock());
  }

  // So that nobody waits for a sound that this computer cannot make.
  test(): void {
    this.#unlock(true);
    this.#ring();
    this.say('The sound of a new conflict is being played.');
  }

  setSound(on: boolean): void {
    this.soundOn = on;
    localStorage.setItem(SOUND_KEY, on ? '1' : '0');
    if (on) this.test();
    else this.soundBlocked = false;
  }

  say(text: string): void {
    this.remark = text;
  }

  // Everything that rings, by a name that is the same in every snapshot.
  #ringing(snapshot: Snapshot): Map<string, string> {
    const ringing = new Map<string, string>();
    for (const [id, board] of Object.entries(snapshot.operations)) {
      const where = board.view.operation?.codeName ?? id;
      for (const one of unowned(itemsOf(board.parts.conflicts?.value))) {
        ringing.set(`conflict ${one.conflictId}`, `New conflict in ${where}: ${one.who}. Nobody has taken it on.`);
      }
      for (const one of board.escalations) ringing.set(`escalation ${one.operationId} ${one.at}`, `${where}: ${noticeText(one.notice)}`);
    }
    return ringing;
  }

  look(snapshot: Snapshot): void {
    if (snapshot.session === undefined || snapshot.savedAt !== undefined) {
      this.#known = undefined;
      this.#looked = undefined;
      this.message = '';
      return;
    }
    // What is there when the page opens is shown, but is not news.
    if (snapshot.operations === this.#looked) return;
    this.#looked = snapshot.operations;
    const read = Object.values(snapshot.operations).some((board) => board.parts.conflicts !== undefined);
    if (!read) return;
    const ringing = this.#ringing(snapshot);
    const known = this.#known;
    this.#known = new Set([...(known ?? []), ...ringing.keys()]);
    if (known === undefined) return;
    const news = [...ringing].filter(([key]) => !known.has(key)).map(([, text]) => text);
    if (news.length === 0) return;
    this.message = news.join(' ');
    if (this.soundOn) this.#ring();
  }

  #unlock(always = false): void {
    if (!this.soundOn && !always) return;
    this.#context ??= new AudioContext();
    if (this.#context.state === 'running') this.soundBlocked = false;
    else void this.#context.resume().then(() => (this.soundBlocked = false), () => (this.soundBlocked = true));
  }

  // Two falling tones, three times: distinct from a telephone, and over within two seconds.
  #ring(): void {
    const context = this.#context;
    if (context === undefined) return;
    const begin = context.currentTime + 0.05;
    for (let i = 0; i < 6; ++i) {
      const at = begin + i * 0.28;
      const tone = context.createOscillator();
      const volume = context.createGain();
      tone.frequency.value = i % 2 === 0 ? 880 : 660;
      volume.gain.setValueAtTime(0.0001, at);
      volume.gain.exponentialRampToValueAtTime(0.25, at + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.24);
      tone.connect(volume).connect(context.destination);
      tone.start(at);
      tone.stop(at + 0.26);
    }
  }
}
