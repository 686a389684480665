// How much of something is done, 0 to 1, as a ring around what is inside.
const R = 42, AROUND = 2 * Math.PI * R;

export const Ring = ({part, children}) => (
  <div class="ring">
    <svg viewBox="0 0 100 100" aria-hidden="true">
      <circle cx="50" cy="50" r={R} class="ring-back" />
      <circle cx="50" cy="50" r={R} class="ring-front" stroke-dasharray={`${AROUND * Math.min(1, Math.max(0, part))} ${AROUND}`} transform="rotate(-90 50 50)" />
    </svg>
    <div class="ring-inside">{children}</div>
  </div>
);
