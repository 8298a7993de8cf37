import { maxAgentLineBytes, type AgentLine, type Json } from '@holdfast/protocol';

/** A character may take six bytes in JSON (\u0000), so this many always fit into a line. */
const safeCharacters = 128 * 1024;

/**
 * A line as the JSON lines that go out, none longer than docs/protocol.md 6.1 allows: text is cut in several deltas and loses
 * nothing; of anything else the long strings keep head and tail, and the cut is marked.
 */
export function fitLine(line: AgentLine): readonly string[] {
  const json = JSON.stringify(line);
  if (fits(json)) return [json];
  if (line.type === 'text' || line.type === 'thinking') {
    return pieces(line.content).map((content, index) =>
      JSON.stringify({ ...line, content, streaming: index > 0 || line.streaming }),
    );
  }
  for (let keep = safeCharacters * 2; keep >= 64; keep /= 2) {
    const shorter = JSON.stringify(cutStrings(line as unknown as Json, keep));
    if (fits(shorter)) return [shorter];
  }
  return [JSON.stringify(withoutPayload(line))];
}

/** Head and tail of a text of at most about `keep` characters, with a mark that says how much is missing. */
function cutMiddle(text: string, keep: number): string {
  if (text.length <= keep) return text;
  const head = text.slice(0, keep / 2);
  const tail = text.slice(text.length - keep / 2);
  return `${head}\n[… ${text.length - head.length - tail.length} characters cut …]\n${tail}`;
}

function fits(json: string): boolean {
  // The newline belongs to the line.
  return json.length * 3 < maxAgentLineBytes || Buffer.byteLength(json) < maxAgentLineBytes;
}

function pieces(text: string): readonly string[] {
  const cut: string[] = [];
  for (let from = 0; from < text.length;) {
    let to = Math.min(from + safeCharacters, text.length);
    // Never between the halves of a surrogate pair.
    if (to < text.length && (text.charCodeAt(to - 1) & 0xfc00) === 0xd800) to -= 1;
    cut.push(text.slice(from, to));
    from = to;
  }
  return cut;
}

function cutStrings(value: Json, keep: number): Json {
  if (typeof value === 'string') return cutMiddle(value, keep);
  if (Array.isArray(value)) return value.map((entry: Json) => cutStrings(entry, keep));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, cutStrings(entry, keep)]));
}

/** For what is large without long strings: a million small ones. */
function withoutPayload(line: AgentLine): AgentLine {
  const mark = '[… larger than 1 MiB, cut …]';
  if (line.type === 'tool_use') return { ...line, tool: { ...line.tool, input: mark } };
  if (line.type === 'tool_result') return { ...line, result: mark };
  return { type: 'notice', agent: line.agent, code: 'cut', content: `A ${line.type} line was ${mark}` };
}
