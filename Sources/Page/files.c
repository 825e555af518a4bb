#include "Page.h"

static const unsigned char index_html[] = {
#embed "files/index.html"
};
static const unsigned char style_css[] = {
#embed "files/style.css"
};
static const unsigned char parts_css[] = {
#embed "files/parts.css"
};
static const unsigned char icon_svg[] = {
#embed "files/icon.svg"
};
static const unsigned char theme_js[] = {
#embed "files/theme.js"
};
static const unsigned char page_js[] = {
#embed "files/page.js"
};
static const unsigned char api_js[] = {
#embed "files/api.js"
};
static const unsigned char dom_js[] = {
#embed "files/dom.js"
};
static const unsigned char fields_js[] = {
#embed "files/fields.js"
};
static const unsigned char form_js[] = {
#embed "files/form.js"
};
static const unsigned char size_js[] = {
#embed "files/size.js"
};
static const unsigned char start_js[] = {
#embed "files/start.js"
};
static const unsigned char mask_js[] = {
#embed "files/mask.js"
};
static const unsigned char extend_js[] = {
#embed "files/extend.js"
};
static const unsigned char enlarge_js[] = {
#embed "files/enlarge.js"
};
static const unsigned char jobs_js[] = {
#embed "files/jobs.js"
};
static const unsigned char stage_js[] = {
#embed "files/stage.js"
};
static const unsigned char store_js[] = {
#embed "files/store.js"
};
static const unsigned char gallery_js[] = {
#embed "files/gallery.js"
};
static const unsigned char reader_js[] = {
#embed "files/reader.js"
};

static const PageFile files[] = {
    {"index.html", index_html, sizeof index_html},
    {"style.css", style_css, sizeof style_css},
    {"parts.css", parts_css, sizeof parts_css},
    {"icon.svg", icon_svg, sizeof icon_svg},
    {"theme.js", theme_js, sizeof theme_js},
    {"page.js", page_js, sizeof page_js},
    {"api.js", api_js, sizeof api_js},
    {"dom.js", dom_js, sizeof dom_js},
    {"fields.js", fields_js, sizeof fields_js},
    {"form.js", form_js, sizeof form_js},
    {"size.js", size_js, sizeof size_js},
    {"start.js", start_js, sizeof start_js},
    {"mask.js", mask_js, sizeof mask_js},
    {"extend.js", extend_js, sizeof extend_js},
    {"enlarge.js", enlarge_js, sizeof enlarge_js},
    {"jobs.js", jobs_js, sizeof jobs_js},
    {"stage.js", stage_js, sizeof stage_js},
    {"store.js", store_js, sizeof store_js},
    {"gallery.js", gallery_js, sizeof gallery_js},
    {"reader.js", reader_js, sizeof reader_js},
};

const PageFile *page_files(size_t *count) {
  *count = sizeof files / sizeof *files;
  return files;
}
