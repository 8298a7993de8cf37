/** What goes wrong with one request. `before`: it never reached GitHub; `after`: it did, and took effect. */
export type Fault =
  /** The quota is used up, for `seconds`. Without headers nothing says until when. */
  | {
      readonly kind: 'primary_limit';
      readonly status: 403 | 429;
      readonly seconds: number;
      readonly isSilent?: boolean;
    }
  /** Too fast. With `isSilent` no `retry-after` says for how long. */
  | {
      readonly kind: 'secondary_limit';
      readonly status: 403 | 429;
      readonly seconds: number;
      readonly isSilent?: boolean;
    }
  | { readonly kind: 'server_error'; readonly status: 500 | 502 | 503 | 504; readonly when: 'before' | 'after' }
  | { readonly kind: 'cut'; readonly when: 'before' | 'after' }
  /** The answer's headers come at once, its end after `ms`. */
  | { readonly kind: 'slow_body'; readonly ms: number }
  /** The headers promise more than comes. */
  | { readonly kind: 'truncated_body' }
  /** 401, "Bad credentials". */
  | { readonly kind: 'unauthorized' }
  /** 403: the token may do other things, not this. */
  | { readonly kind: 'forbidden' }
  /** The page of a proxy in between that does not speak JSON; the request went no further. */
  | { readonly kind: 'html_page'; readonly status: 502 | 503 }
  /** A list in which what was just made is missing: GitHub's own reads may be behind. */
  | { readonly kind: 'empty_list' }
  /** 422 with this message among `errors`. */
  | { readonly kind: 'unprocessable'; readonly message: string }
  /** The answer comes when a test lets it. */
  | { readonly kind: 'late'; readonly until: Promise<void> }
  /** A bad gateway at once, and GitHub does it all the same, when a test lets it. */
  | { readonly kind: 'late_effect'; readonly until: Promise<void> }
  /** GitHub did it, and the answer waits until whoever asked has gone. */
  | { readonly kind: 'held' };

/** Which requests it is about. */
export type FaultRule = {
  readonly method: string;
  /** Of the path with its query. */
  readonly path: RegExp;
  /** The how-manieth such request is the first to be hit; from 1, which is the default. */
  readonly from?: number;
  /** How many are hit, 1 by default. */
  readonly times?: number;
};

/** A request as the log has it. */
export type LoggedRequest = {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** The end of the token that it came with. */
  readonly token: string;
  /** It was sent while a limit was on: nothing may be. */
  readonly whileLimited: boolean;
  /** Status that was answered, or that would have been; undefined while there is none. */
  status?: number;
  /** What went wrong with it; `limited`: it came during a limit. */
  fault?: Fault['kind'] | 'limited';
};
