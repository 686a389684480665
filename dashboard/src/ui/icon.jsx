// The pictures in buttons and signs: own outlines on a 24 x 24 field. They never stand alone: a text says the same.
const PATHS = {
  mark: "M4 13h16a8 6.5 0 0 1-16 0zM9.5 10c-1.6-1.6 1.6-2.4 0-5m5 5c-1.6-1.6 1.6-2.4 0-5",
  floor: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  plug: "M9 3v5m6-5v5M6 8h12v3a6 6 0 0 1-12 0zm6 9v4M3 3l18 18",
  stop: "M6 6h12v12H6z",
  pause: "M8 5v14M16 5v14",
  play: "M7 4l13 8-13 8z",
  alarm: "M12 3a6 6 0 0 0-6 6v5l-2 3h16l-2-3V9a6 6 0 0 0-6-6zM10 20h4",
  water: "M12 3c4 5 6 8 6 11a6 6 0 0 1-12 0c0-3 2-6 6-11z",
  clean: "M9 3h6v4l2 3v11H7V10l2-3zM7 14h10",
  person: "M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM4 21c0-5 4-7 8-7s8 2 8 7",
  chart: "M4 4v16h16M7 15l4-5 3 3 5-7",
  routine: "M5 4h14v16H5zM8 8h8M8 12h8M8 16h5",
  device: "M4 12h16l-1 6a3 3 0 0 1-3 2H8a3 3 0 0 1-3-2zM7 12V6a2 2 0 0 1 4 0",
  users: "M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6zm8 1a2.5 2.5 0 1 1 0 5M2 20c0-4 3-6 6-6s6 2 6 6m2-6c3 0 6 2 6 6",
  search: "M10 4a6 6 0 1 1 0 12 6 6 0 0 1 0-12zm4.5 10.5L20 20",
  check: "M4 12l5 5L20 6",
  cross: "M6 6l12 12M18 6L6 18",
  back: "M15 4l-8 8 8 8",
  next: "M9 4l8 8-8 8",
  up: "M4 15l8-8 8 8",
  down: "M4 9l8 8 8-8",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  wrench: "M14 4a5 5 0 0 0-1 6L4 19l1.5 1.5L14 12a5 5 0 0 0 6-6l-3 3-3-1-1-3z",
  plus: "M12 4v16M4 12h16",
  edit: "M4 20l1-5L16 4l4 4L9 19z",
  drag: "M9 5h.01M15 5h.01M9 12h.01M15 12h.01M9 19h.01M15 19h.01",
  print: "M7 8V3h10v5M5 8h14v8H5zM8 13h8v8H8z",
  download: "M12 3v12m-5-5l5 5 5-5M4 20h16",
  offline: "M3 3l18 18M5 10a12 12 0 0 1 4-2.6M8 14a7 7 0 0 1 3-1.7M12 19h.01M19 10a12 12 0 0 0-5-3",
  hand: "M7 12V6a1.5 1.5 0 0 1 3 0v5m0-6a1.5 1.5 0 0 1 3 0v6m0-5a1.5 1.5 0 0 1 3 0v6m0-3a1.5 1.5 0 0 1 3 0v6a6 6 0 0 1-6 6h-2c-3 0-4-2-6-5l-2-3c1-2 3-1 4 1",
  course: "M5 5h14v15H5zM5 9h14M9 3v4m6-4v4M9 13l2 2 4-4",
};

export const Icon = ({name}) => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d={PATHS[name] ?? PATHS.more} /></svg>
);
