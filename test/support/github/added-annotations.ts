import type { Asked } from './upstream.ts';

const onPage = 100;

type Annotation = Readonly<Record<string, unknown>>;

/** Whether a request changes a check run, to which GitHub adds the annotations that come with it; `emulate` puts them in the place of those there. */
export function changesCheckRun({ method, path }: Asked): boolean {
  return method === 'PATCH' && /\/check-runs\/\d+$/.test(path);
}

/** The request with what is there already before what comes with it. `ask` gives a page of that. */
export async function withAnnotationsThere(asked: Asked, ask: (path: string) => Promise<Buffer>): Promise<Asked> {
  const change = readChange(asked.body);
  if (change.output?.annotations === undefined) return asked;
  const there: Annotation[] = [];
  for (let page = 1; there.length === (page - 1) * onPage; page++) {
    there.push(...readPage(await ask(`${asked.path}/annotations?per_page=${onPage}&page=${page}`)));
  }
  const output = { ...change.output, annotations: [...there, ...change.output.annotations] };
  const body = Buffer.from(JSON.stringify({ ...change, output }));
  return { ...asked, headers: { ...asked.headers, 'content-length': String(body.length) }, body };
}

function readChange(body: Buffer): { readonly output?: { readonly annotations?: readonly Annotation[] } } {
  return JSON.parse(body.toString()) as ReturnType<typeof readChange>;
}

/** As its documentation has it and `emulate` not, it is the list alone: https://docs.github.com/rest/checks/runs#list-check-run-annotations. */
function readPage(body: Buffer): readonly Annotation[] {
  const page = JSON.parse(body.toString()) as
    | readonly Annotation[]
    | { readonly check_annotations?: readonly Annotation[] };
  return 'check_annotations' in page ? (page.check_annotations ?? []) : (page as readonly Annotation[]);
}
