import type { CheckName } from '@holdfast/protocol';
import { addReadings } from './add-readings.ts';
import { CoverageText } from './coverage-text.ts';
import { readJsonDocument, readXmlDocument } from './documents.ts';
import { JsonDocuments } from './json-documents.ts';
import { maxDocumentBytes, type LineReader, type Reading, type RunReader } from './reader.ts';
import { lineReaders, runReaders } from './readers.ts';
import { RunTimeline } from './run-timeline.ts';
import { Silence } from './silence.ts';
import { TerminalLines } from './terminal-lines.ts';
import { XmlDocuments } from './xml-documents.ts';

/** Reads what a check prints, while it comes and in whatever pieces; keeps a bounded part of it. */
export class OutputReading {
  readonly #check: CheckName;
  readonly #lines: TerminalLines;
  readonly #json: JsonDocuments;
  readonly #xml: XmlDocuments;
  readonly #timeline = new RunTimeline();
  readonly #coverage = new CoverageText();
  readonly #lineReaders: readonly LineReader[];
  readonly #runReaders: readonly RunReader[];
  readonly #silence = new Silence();
  readonly #told: Reading[] = [];

  /** `directory` is the one that is checked: files in it are told relative to it. */
  constructor(check: CheckName, directory: string) {
    this.#check = check;
    this.#lineReaders = lineReaders[check].map((make) => make(directory));
    this.#runReaders = check === 'test' ? runReaders.map((make) => make(directory, this.#timeline)) : [];
    this.#lines = new TerminalLines(maxDocumentBytes, (line) => this.#readLine(line));
    this.#json = new JsonDocuments(maxDocumentBytes, (document) =>
      this.#tell(readJsonDocument(check, document, directory)),
    );
    this.#xml = new XmlDocuments(maxDocumentBytes, (document) =>
      this.#tell(readXmlDocument(check, document, directory)),
    );
  }

  /** The next bytes, stdout and stderr in the order in which they came. */
  write(chunk: Uint8Array): void {
    this.#lines.write(chunk);
  }

  /**
   * What the tools have said; undefined: nothing that is known. `returnCode` is the command's own; null (it was ended from
   * outside, or nobody knows) makes forms unknown that have no last line. What tools that lint say is added up, whatever their
   * number; of test runs those count that are not part of another one ({@link RunTimeline}).
   */
  finish(returnCode: number | null = null): Reading | undefined {
    const { rest } = this.#lines;
    if (rest !== '') this.#readDocuments(rest);
    this.#json.finish();
    if (this.#check === 'test') return this.#finishTests(returnCode);
    const said = this.#lineReaders.flatMap((reader) => reader.finish(returnCode) ?? []);
    const all = [...this.#told, ...said.filter((one) => !this.#told.some((other) => toolOf(other) === toolOf(one)))];
    if (all.length > 0) return addReadings(all);
    return this.#check === 'lint' ? this.#silence.finish(returnCode) : undefined;
  }

  #finishTests(returnCode: number | null): Reading | undefined {
    for (const reader of this.#runReaders) reader.finish?.();
    const reading = this.#timeline.finish(returnCode);
    const coverage = this.#coverage.finish();
    return reading && coverage ? { ...reading, counts: { ...reading.counts, coverage } } : reading;
  }

  #readLine(line: string): void {
    this.#readDocuments(line);
    for (const reader of this.#runReaders) reader.readLine(line);
    for (const reader of this.#lineReaders) reader.readLine(line);
    if (this.#check === 'test') this.#coverage.readLine(line);
    else if (this.#check === 'lint') this.#silence.readLine(line);
  }

  #readDocuments(line: string): void {
    this.#json.readLine(line);
    this.#xml.readLine(line);
  }

  #tell(reading: Reading | undefined): void {
    // Coverage alone is no test run.
    if (reading === undefined || Object.keys(reading.counts).join(',') === 'coverage') return;
    if (this.#check === 'test') {
      this.#timeline.end(toolOf(reading), reading);
      return;
    }
    // One sum for each form and not a list of all: an output may be as long as it likes.
    const same = this.#told.findIndex(({ source }) => source === reading.source);
    const other = this.#told[same];
    if (other === undefined) this.#told.push(reading);
    else this.#told[same] = addReadings([other, reading]);
  }
}

function toolOf(reading: Reading): string {
  return reading.source.split(' ')[0] ?? '';
}
