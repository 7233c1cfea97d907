// What was built in is public: the page shows all of it, and so whoever reviews it sees what every browser gets.
const own = /^VITE_SITE_/;

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

const sites = document.getElementById("sites");
for (const [name, url] of Object.entries(JSON.parse(import.meta.env.VITE_SITE_LINKS))) {
  const link = element("a", name);
  link.href = url;
  const item = document.createElement("li");
  item.append(link);
  sites.append(item);
}

const variables = document.getElementById("variables");
for (const [name, value] of Object.entries(import.meta.env).sort()) {
  if (name.startsWith("VITE_") && !own.test(name)) {
    variables.append(element("dt", name), element("dd", value));
  }
}

document.getElementById("path").textContent = `Path: ${location.pathname}`;
