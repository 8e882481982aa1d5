// Tables and snapshots as files. CSV after RFC 4180.
import type { OperationMode } from '../gen/muster/v1/basics_pb';
import { modeWord } from './words';

export type Cell = string | number | bigint | undefined;

// A cell that a spreadsheet would run as a formula is given an apostrophe, as OWASP advises.
function csvCell(cell: Cell): string {
  let text = cell === undefined ? '' : String(cell);
  if (typeof cell === 'string' && /^[=+\-@\t\r]/.test(text) && !/^[+-]?\d+(\.\d+)?$/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function toCsv(titles: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [titles, ...rows].map((row) => row.map(csvCell).join(',') + '\r\n').join('');
}

// 64-bit numbers as strings and bytes as base64, as the protocol's own JSON has them.
export function toJson(value: unknown): string {
  return JSON.stringify(
    value,
    (key, one: unknown) => {
      if (key === '$typeName' || key === '$unknown') return undefined;
      if (typeof one === 'bigint') return one.toString();
      if (one instanceof Uint8Array) return btoa(String.fromCharCode(...one));
      return one;
    },
    2,
  );
}

// "united-front-2021-totals-20210827T031500Z.csv"
export function fileName(operationId: string, what: string, at: number, extension: string): string {
  const stamp = new Date(at).toISOString().replace(/[-:]|\.\d+/g, '');
  return `${operationId}-${what}-${stamp}.${extension}`;
}

// What a file says of itself: it outlives the screen.
export interface About {
  operationId: string;
  mode: OperationMode | undefined;
  asOf: number;
  // "LIVE"
  freshness: string;
  // The filter that its rows have passed; empty: none was applied.
  filter: string;
}

const filterOf = ({ filter }: About) => filter || 'none';

export function csvFile(about: About, titles: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const marks = [modeWord(about.mode), new Date(about.asOf).toISOString(), about.freshness, filterOf(about)];
  return toCsv([...titles, 'mode', 'as of', 'freshness', 'filter'], rows.map((row) => [...row, ...marks]));
}

export function jsonFile(about: About, what: string, value: unknown): string {
  return toJson({
    operation_id: about.operationId,
    mode: modeWord(about.mode),
    as_of: new Date(about.asOf).toISOString(),
    freshness: about.freshness,
    filter: filterOf(about),
    [what]: value,
  });
}
