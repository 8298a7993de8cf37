import type { CheckCounts } from '@holdfast/protocol';

type Coverage = NonNullable<CheckCounts['coverage']>;
type Kind = keyof Coverage;

const tableHead = /^File +\| +% Stmts +\| +% Branch +\| +% Funcs +\| +% Lines +\|/;
const tableRow =
  /^All files +\| +(?<statements>[\d.]+) +\| +(?<branches>[\d.]+) +\| +(?<functions>[\d.]+) +\| +(?<lines>[\d.]+) +\|/;
const summaryHead = /^=+ Coverage summary =+$/;
const summaryRow = /^(?<kind>Statements|Branches|Functions|Lines) +: (?<percent>[\d.]+)% \( \d+\/\d+ \)/;
const nodeHead = /^(?:ℹ|#) file +\| +line % +\| +branch % +\| +funcs % +\|/;
const nodeRow = /^(?:ℹ|#) all files +\| +(?<lines>[\d.]+) +\| +(?<branches>[\d.]+) +\| +(?<functions>[\d.]+) +\|/;
const pythonHead = /^Name +Stmts +Miss(?: +Branch +BrPart)? +Cover(?: +Missing)?$/;
const pythonRow = /^TOTAL +\d+ +\d+(?: +\d+ +\d+)? +(?<lines>[\d.]+)%$/;

/**
 * The coverage that test tools print below their own words: istanbul's table and summary (jest, vitest, c8, nyc), Node's and
 * coverage.py's. Two of them are of two parts of the code, and what the whole has nobody says.
 */
export class CoverageText {
  #awaits: 'table' | 'node' | 'python' | 'summary' | undefined;
  #summary: { [kind in Kind]?: number } = {};
  readonly #tables: Coverage[] = [];
  readonly #summaries: Coverage[] = [];

  readLine(line: string): void {
    if (!line.includes('|') && !line.includes('%') && !line.includes('Cover') && !line.includes('=')) return;
    if (tableHead.test(line)) this.#awaits = 'table';
    else if (nodeHead.test(line)) this.#awaits = 'node';
    else if (pythonHead.test(line)) this.#awaits = 'python';
    else if (summaryHead.test(line)) {
      this.#awaits = 'summary';
      this.#summary = {};
    } else if (this.#awaits === 'summary') this.#readSummary(line);
    else if (this.#awaits !== undefined) this.#readRow(line, this.#awaits);
  }

  /** undefined: not told, or more than once. */
  finish(): Coverage | undefined {
    const told = this.#tables.length > 0 ? this.#tables : this.#summaries;
    return told.length === 1 ? told[0] : undefined;
  }

  #readRow(line: string, form: 'table' | 'node' | 'python'): void {
    const said = rows[form].exec(line)?.groups;
    if (!said) return;
    this.#awaits = undefined;
    const percents = Object.entries(said).map(([kind, percent]) => [kind, Number(percent)] as const);
    if (this.#tables.length < 2) this.#tables.push(Object.fromEntries(percents));
  }

  #readSummary(line: string): void {
    const said = summaryRow.exec(line)?.groups;
    if (!said) return;
    this.#summary[said['kind']?.toLowerCase() as Kind] = Number(said['percent']);
    if (Object.keys(this.#summary).length < 4) return;
    this.#awaits = undefined;
    if (this.#summaries.length < 2) this.#summaries.push(this.#summary);
  }
}

const rows = { table: tableRow, node: nodeRow, python: pythonRow } as const;
