/* Pictures and text files for the tests of commands that look at pairs of pictures. */
#ifndef CLI_PICTURE_H
#define CLI_PICTURE_H

/* A grey picture of blobs, which shows what is `shift` pixels further right in one drawn with a shift of 0. */
void draw_picture(const char *path, int width, int height, int shift);
void write_text(const char *path, const char *text);

#endif
