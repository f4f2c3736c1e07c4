// Writes moments in the reader's own time zone. Without this script they stand there in UTC, and say so.
const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const dates = {
  moment: { day: "numeric", month: "long", year: "numeric" },
  brief: { day: "numeric", month: "short", year: "numeric" },
};

function written(at, options) {
  return new Intl.DateTimeFormat("en-GB", options).format(at);
}

for (const element of document.querySelectorAll("time[data-time]")) {
  const at = new Date(element.dateTime);
  if (Number.isNaN(at.getTime())) continue;
  const date = dates[element.dataset.time];
  element.textContent = date ? `${written(at, date)}, ${written(at, time)}` : written(at, time);
}
