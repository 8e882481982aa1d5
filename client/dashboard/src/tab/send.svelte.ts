// One thing being sent for the office: whether it is under way, and what became of it.
import type { Outcome } from '../gen/muster/v1/outcome_pb';
import { Refused } from './hub_link';

export class Sending {
  busy = $state(false);
  error = $state('');
  done = $state('');
  // Of the refusal, where it was one.
  code = $state('');

  async outcome(send: () => Promise<Outcome | undefined>, doneText: string): Promise<boolean> {
    return this.run(async () => {
      const decision = (await send())?.decision;
      if (decision?.case === 'rejected') {
        const { message, rule } = decision.value;
        throw new Error(`Refused${rule ? ` (rule ${rule})` : ''}: ${message}`);
      }
      // Only from an office's own agent while it cannot reach a broker.
      if (decision?.case === 'savedHere') return 'Saved at your office and not accepted yet: it is sent as soon as a broker can be reached.';
      return doneText;
    });
  }

  async run(act: () => Promise<string>): Promise<boolean> {
    this.busy = true;
    this.error = '';
    this.done = '';
    this.code = '';
    try {
      this.done = await act();
      return true;
    } catch (error) {
      this.error = errorText(error);
      this.code = error instanceof Refused ? error.refusal.code : '';
      return false;
    } finally {
      this.busy = false;
    }
  }
}

export function errorText(error: unknown): string {
  if (error instanceof Refused) {
    if (error.refusal.code === 'permission_denied') return `Not permitted: ${error.message}`;
    if (error.refusal.code === 'unavailable') return `Not sent: the server cannot be reached (${error.message}). Try again.`;
    return error.message;
  }
  return error instanceof Error ? error.message : String(error);
}
