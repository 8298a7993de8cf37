/** Something that tells when trying to connect has become worth while; the function returned stops it. */
export type WakeSource = (onWake: () => void) => () => void;

// Optional: React Native has a window that cannot be listened to.
type Target = {
  addEventListener?(type: string, listener: () => void): void;
  removeEventListener?(type: string, listener: () => void): void;
};
type Page = Target & { readonly visibilityState?: string };

/** A browser's own signs: the page became visible, or the network came back. Outside of a browser it never tells. */
export const browserWake: WakeSource = (onWake) => {
  const { document: page, window } = globalThis as { document?: Page; window?: Target };

  function onVisibility(): void {
    if (page?.visibilityState === 'visible') onWake();
  }

  page?.addEventListener?.('visibilitychange', onVisibility);
  window?.addEventListener?.('online', onWake);
  return () => {
    page?.removeEventListener?.('visibilitychange', onVisibility);
    window?.removeEventListener?.('online', onWake);
  };
};
