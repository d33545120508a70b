/** A value to look at: as a table, as JSON, as text. */

import { useState } from 'react';
import { Switch } from '../controls.tsx';

type Form = 'table' | 'json' | 'text';

/** Rows and columns that are drawn, and letters. */
const MOST_ROWS = 200;
const MOST_COLUMNS = 30;
const MOST_LETTERS = 50_000;

export function Value({ label, value }: { label: string; value: unknown }) {
  const table = tableOf(value);
  const forms: Form[] = [...(table ? (['table'] as const) : []), 'json', ...(typeof value === 'string' ? (['text'] as const) : [])];
  const [chosen, setChosen] = useState<Form>();
  const form = chosen && forms.includes(chosen) ? chosen : (forms.at(typeof value === 'string' ? -1 : 0) ?? 'json');
  return (
    <div className="dz-rows" style={{ gap: 4, marginTop: 6 }}>
      <div className="dz-row" style={{ justifyContent: 'space-between' }}>
        <strong className="dz-small">{label}</strong>
        {forms.length > 1 ? (
          <Switch
            small
            label={`How ${label} is shown`}
            value={form}
            options={forms.map((one) => ({ value: one, label: one === 'json' ? 'JSON' : one }))}
            onChange={setChosen}
          />
        ) : null}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
      <section className="dz-data" tabIndex={0} aria-label={label}>
        {form === 'table' && table ? <Table {...table} /> : <pre>{written(value, form)}</pre>}
      </section>
    </div>
  );
}

function written(value: unknown, form: Form): string {
  const text = form === 'text' ? String(value) : (JSON.stringify(value, null, 2) ?? 'nothing');
  return text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS)}\n… ${text.length - MOST_LETTERS} more letters` : text;
}

interface Cells {
  columns: string[];
  rows: unknown[][];
  total: number;
}

/** Lists of maps and maps of plain values are tables. */
function tableOf(value: unknown): Cells | undefined {
  if (Array.isArray(value) && value.length > 0 && value.every(isMap)) {
    const columns = [...new Set(value.slice(0, MOST_ROWS).flatMap((row) => Object.keys(row)))].slice(0, MOST_COLUMNS);
    const rows = value.slice(0, MOST_ROWS).map((row) => columns.map((column) => row[column]));
    return { columns, rows, total: value.length };
  }
  if (isMap(value)) {
    const entries = Object.entries(value);
    const [only] = entries;
    if (entries.length === 1 && only) {
      const inner = tableOf(only[1]);
      return inner && Array.isArray(only[1]) ? inner : { columns: ['name', 'value'], rows: entries, total: 1 };
    }
    return entries.length > 0
      ? { columns: ['name', 'value'], rows: entries.slice(0, MOST_ROWS), total: entries.length }
      : undefined;
  }
  return undefined;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function Table({ columns, rows, total }: Cells) {
  return (
    <>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows are what stands at an index
            <tr key={index}>
              {row.map((cell, at) => (
                <td key={columns[at]} title={cellText(cell)}>
                  {cellText(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {total > rows.length ? <p className="dz-empty">{total - rows.length} more rows</p> : null}
    </>
  );
}

function cellText(cell: unknown): string {
  return cell === undefined || cell === null ? '' : typeof cell === 'string' ? cell : JSON.stringify(cell);
}
