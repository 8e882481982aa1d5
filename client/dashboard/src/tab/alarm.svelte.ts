// Says aloud, in text and if wanted in sound, that there is a conflict which nobody has taken on, or an escalation.
import { News } from '../model/news';
import type { Snapshot } from '../model/snapshot';
import { ringAlone } from './ring_alone';

const SOUND_KEY = 'muster-sound';

export class Alarm {
  // For the assertive live region, and to be seen until somebody closes it.
  message = $state('');
  soundOn = $state(false);
  // For the polite live region.
  remark = $state('');
  // Sound is wanted, but the browser plays none until somebody has clicked or pressed a key here.
  soundBlocked = $state(false);
  #news = new News();
  #context: AudioContext | undefined;

  constructor() {
    this.soundOn = localStorage.getItem(SOUND_KEY) === '1';
    this.soundBlocked = this.soundOn && navigator.userActivation?.hasBeenActive !== true;
    for (const touch of ['pointerdown', 'keydown']) addEventListener(touch, () => this.#unlock());
  }

  // So that nobody waits for a sound that this computer cannot make.
  test(): void {
    this.#unlock(true);
    void this.#ring();
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

  look(snapshot: Snapshot): void {
    if (snapshot.session === undefined || snapshot.savedAt !== undefined) {
      this.#news.forget();
      this.message = '';
      return;
    }
    const news = this.#news.in(snapshot);
    if (news.length === 0) return;
    this.message = news.join(' ');
    if (this.soundOn && this.#context?.state === 'running') void ringAlone(navigator.locks, () => this.#ring());
  }

  #unlock(always = false): void {
    if (!this.soundOn && !always) return;
    this.#context ??= new AudioContext();
    if (this.#context.state === 'running') this.soundBlocked = false;
    else void this.#context.resume().then(() => (this.soundBlocked = false), () => (this.soundBlocked = true));
  }

  // Two falling tones, three times: distinct from a telephone, and over within two seconds. Resolves when the last has ended.
  async #ring(): Promise<void> {
    const context = this.#context;
    if (context === undefined) return;
    let last: OscillatorNode | undefined;
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
      last = tone;
    }
    await new Promise<void>((resolve) => last?.addEventListener('ended', () => resolve()));
  }
}
