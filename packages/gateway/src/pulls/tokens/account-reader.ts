import type { HiddenToken } from './hidden-token.ts';
import type { Answer } from '../retry/classify.ts';

/** Asks GitHub who a token acts as. */
export interface AccountReader {
  /** One request, `GET /user`. `user` is the same for every token of the user; undefined when GitHub did not say. Rejects only with the signal's reason. */
  read(
    secret: HiddenToken,
    options: { readonly signal: AbortSignal },
  ): Promise<{ readonly answer: Answer; readonly user: string | undefined }>;
}
