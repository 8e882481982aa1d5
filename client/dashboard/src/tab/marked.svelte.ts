// A mark that somebody set on exactly one thing, and that does not pass to what takes its place: "we have read version 3" says
// nothing of version 4.
export class Marked {
  #key = $state<string>();

  has(key: string | undefined): boolean {
    return key !== undefined && this.#key === key;
  }

  set(key: string | undefined, on: boolean): void {
    this.#key = on ? key : undefined;
  }
}
