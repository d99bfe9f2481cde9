#include "http_posts.h"
#include "bytes.h"
int posts_main(int count, char **arguments) { (void)count; (void)arguments; die("not yet"); }
