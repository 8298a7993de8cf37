import type { Fault } from './fault.ts';

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
};

/** As GitHub says it that a limit is reached: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api */
export function limitAnswer(
  fault: Extract<Fault, { kind: 'primary_limit' | 'secondary_limit' }>,
  untilMs: number,
): Answer {
  const untilS = untilMs / 1000;
  if (fault.kind === 'primary_limit') {
    return messageAnswer(
      fault.status,
      'API rate limit exceeded for user ID 1.',
      fault.isSilent
        ? {}
        : { 'x-ratelimit-limit': '5000', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(untilS) },
    );
  }
  return messageAnswer(
    fault.status,
    'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
    // Rounded up: who waits as long must not be early.
    fault.isSilent ? {} : { 'retry-after': String(Math.max(1, Math.ceil((untilMs - Date.now()) / 1000))) },
  );
}

/** A refusal with one sentence. */
export function messageAnswer(status: number, message: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return jsonAnswer(status, { message, documentation_url: 'https://docs.github.com/rest' }, headers);
}

/** 422 as GitHub words it: the sentence stands among the errors. */
export function unprocessableAnswer(message: string): Answer {
  const errors = [{ resource: 'PullRequest', code: 'custom', message }];
  return jsonAnswer(
    422,
    { message: 'Validation Failed', errors, documentation_url: 'https://docs.github.com/rest' },
    {},
  );
}

/** What a proxy in between says that does not speak JSON. */
export function pageAnswer(status: number): Answer {
  const page = '<html><body><h1>The server is temporarily unable to serve your request</h1></body></html>';
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body: Buffer.from(page) };
}

/** An answer as GitHub gives them, without an ETag. */
export function jsonAnswer(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'x-github-request-id': 'C0:FFEE',
      date: new Date().toUTCString(),
      ...headers,
    },
    body: Buffer.from(JSON.stringify(value)),
  };
}
