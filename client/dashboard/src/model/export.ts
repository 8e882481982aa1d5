// Tables and snapshots as files. CSV after RFC 4180.
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
