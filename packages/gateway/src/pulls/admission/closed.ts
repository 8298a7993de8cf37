import { HoldfastError } from '@holdfast/protocol';

/** What whoever wants to send something is told once the door, or the client in front of it, is closed. */
export function closed(): HoldfastError {
  const why = 'The client of GitHub was disposed, or the gateway is stopping';
  return new HoldfastError('unavailable', `${why}; nothing is sent through it any more. Make a new one.`);
}
